"""A real outage, a black hole and a database that dies: what is told, and what is not.

Run it on a calm machine, it takes eight minutes: `python -m benchmarks.outages`. It starts
PostgreSQL, two farms of sites, a sink for mail and two workers, and makes three things happen:

1. The process of one site is killed, and is back after OUTAGE s: it is told by mail, and its page
   shows start, end and length.
2. The farm of all others and of the canaries freezes for AWAY s, as behind a network that swallows
   all: no site is told to be down.
3. PostgreSQL is killed while looks are under way, and is back after GAP s: likewise.

The figures go to `docs/evidence/outages.json`; it exits with 1 when one of them is wrong.
"""

import asyncio
import json
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.farm import ADDRESSES
from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.models import Check, Event, EventKind, Outage, Role, State, result, utcnow
from quartapp.models.usability import write_length
from quartapp.services.channel import add_mail
from quartapp.services.entity import add_entity
from tests.databases import create_database, start_postgres
from tests.helpers import add_person, sign_in
from tests.outage import Mortal, frozen, mortal_postgres
from tests.processes import IMPORTS, ROOT, Program, free_port, make_folder, running
from tests.smtp_sink import Sink, start_sink

SITES, WORKERS = 30, 2
INTERVAL = 30  # s between two looks at the others
OUTAGE, AWAY, GAP = 100, 100, 10  # s
PATIENCE = 180.0  # s for what must come
VICTIM = "Killed"
EVIDENCE = ROOT / "docs" / "evidence" / "outages.json"
TOLD = {EventKind.DOWN, EventKind.UP}


@dataclass
class Stage:
    """What plays: the app reads what the workers wrote."""

    app: QuartApp
    sink: Sink
    world: Program
    stack: ExitStack


def start_farm(stack: ExitStack, folder: Path, port: int, name: str) -> Program:
    place = folder / f"{name}-{time.monotonic_ns()}"
    place.mkdir()
    log = place / "asked.log"
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.farm", str(port), log]
    return stack.enter_context(running(place, command, log.exists, name=name, env=IMPORTS))


def start_worker(stack: ExitStack, folder: Path, number: int, env: dict[str, str]) -> None:
    place = folder / f"worker-{number}"
    place.mkdir()
    command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "worker"]
    stack.enter_context(running(place, command, lambda: True, name=place.name, env=env))


async def add_sites(app: QuartApp, victim: str, others: list[str]) -> None:
    """Add a person who is told of all, and the sites: the victim at the usual interval."""
    async with app.app_context():
        await upgrade(db.engine)
        async with db.begin() as session:
            owner = await add_person(session, "owner", role=Role.ADMIN)
            owner.email, owner.email_confirmed_at = "owner@example.org", utcnow()
            await add_mail(session, owner, topics=["usability"])
            await add_entity(session, name=VICTIM, url=victim, owner=owner)
            for url in others:
                entity = await add_entity(session, name=url, url=url, owner=owner)
                check = await session.scalar(select(Check).where(Check.entity_id == entity.id))
                assert check is not None
                check.interval = INTERVAL
        await db.engine.dispose()  # another loop goes on


async def read(query: Any) -> list[Any]:
    async with db.read() as session:
        return list((await session.execute(query)).all())


async def wait_for_events(kind: EventKind, count: int = 1) -> list[Event]:
    for _ in range(int(PATIENCE * 5)):
        rows = await read(select(Event).where(Event.kind == kind).order_by(Event.id))
        if len(rows) >= count:
            return [event for (event,) in rows]
        await asyncio.sleep(0.2)
    raise AssertionError(f"Nothing is {kind} after {PATIENCE:g} s.")


async def wait_until_all_are_up() -> None:
    for _ in range(int(PATIENCE)):
        rows = await read(select(Check.state))
        if {state for (state,) in rows} == {State.UP}:
            return
        await asyncio.sleep(1)
    raise AssertionError(
        f"Some sites are not up: {await read(select(Check.entity_id, Check.state))}"
    )


async def play_outage(stage: Stage, folder: Path, port: int, site: ExitStack) -> dict[str, Any]:
    """Kill the site, let it come back, and compare what the page says with what was."""
    died = datetime.now(UTC)
    site.close()
    (down,) = await wait_for_events(EventKind.DOWN)
    await asyncio.sleep(max(0.0, OUTAGE - (datetime.now(UTC) - died).total_seconds()))
    start_farm(stage.stack, folder, port, "site")
    back = datetime.now(UTC)
    (up,) = await wait_for_events(EventKind.UP)
    await asyncio.sleep(10)  # the mails are sent

    ((outage,),) = await read(select(Outage))
    page = await read_page(stage.app)
    length = outage.ended_at - outage.started_at
    return {
        "down_for_seconds": round((back - died).total_seconds(), 1),
        "found_after_seconds": round((down.created_at - died).total_seconds(), 1),
        "start_is_late_by_seconds": round((outage.started_at - died).total_seconds(), 1),
        "end_is_late_by_seconds": round((outage.ended_at - back).total_seconds(), 1),
        "length_seconds": round(length.total_seconds(), 1),
        "page_shows_start": f'datetime="{outage.started_at.isoformat()}"' in page,
        "page_shows_end": f'until <time datetime="{outage.ended_at.isoformat()}"' in page,
        "page_shows_length": write_length(length) in page,
        "events": [down.title, up.title],
        "mails": [str(delivery.mail["Subject"]) for delivery in stage.sink.deliveries],
    }


async def read_page(app: QuartApp) -> str:
    client = await sign_in(app.test_client(), "owner")
    page = await (await client.get("/entities/killed/usability")).get_data(as_text=True)
    return re.sub(r"\s+", " ", str(page))


async def sum_up(since: datetime, mails: int) -> dict[str, Any]:
    """Count what was told and recorded since; errors are ours, and move no site."""
    looks = await read(select(result.c.outcome, result.c.reason).where(result.c.started_at > since))
    events = await read(select(Event.kind).where(Event.created_at > since))
    outages = await read(select(Outage.id).where(Outage.started_at > since))
    return {
        "looks": {
            kind: sum(row.outcome == kind for row in looks) for kind in ("ok", "fail", "error")
        },
        "reasons_of_errors": sorted({row.reason for row in looks if row.outcome == "error"}),
        "told": sum(kind in TOLD for (kind,) in events),
        "outages": len(outages),
        "mails": mails,
    }


async def play_black_hole(stage: Stage) -> dict[str, Any]:
    since, mails = datetime.now(UTC), len(stage.sink.deliveries)
    with frozen(stage.world):
        await asyncio.sleep(AWAY)
    await asyncio.sleep(2 * INTERVAL)
    await wait_until_all_are_up()
    return {"seconds": AWAY, **await sum_up(since, len(stage.sink.deliveries) - mails)}


async def wait_for_looks() -> int:
    """Return how many sites are being asked, once some are."""
    for _ in range(int(PATIENCE * 5)):
        if rows := await read(select(Check.id).where(Check.crashes > 0)):
            return len(rows)
        await asyncio.sleep(0.2)
    raise AssertionError("No site is asked.")


async def play_database_death(stage: Stage, postgres: Mortal) -> dict[str, Any]:
    """Kill the database while sites are asked."""
    since, mails = datetime.now(UTC), len(stage.sink.deliveries)
    under_way = await wait_for_looks()
    await asyncio.to_thread(postgres.kill)
    await asyncio.sleep(GAP)
    await asyncio.to_thread(postgres.bring_back)
    back = datetime.now(UTC)
    await asyncio.sleep(2 * INTERVAL + 30)
    after = await read(select(result.c.started_at).where(result.c.started_at > back))
    await wait_until_all_are_up()
    figures = await sum_up(since, len(stage.sink.deliveries) - mails)
    return {"seconds": GAP, "under_way": under_way, "looks_after": len(after), **figures}


async def play(
    stage: Stage, folder: Path, port: int, site: ExitStack, postgres: Mortal
) -> dict[str, Any]:
    async with stage.app.app_context():
        await wait_until_all_are_up()
        figures = {"outage": await play_outage(stage, folder, port, site)}
        await wait_until_all_are_up()
        figures["black_hole"] = await play_black_hole(stage)
        figures["database_killed"] = await play_database_death(stage, postgres)
        await db.engine.dispose()
    return figures


def find_wrong(figures: dict[str, Any]) -> list[str]:
    """Name what is not as it has to be."""
    outage = figures["outage"]
    wrong = [name for name in outage if name.startswith("page_") and not outage[name]]
    if outage["found_after_seconds"] > 60 + 60:
        wrong.append("found_after_seconds")
    if len(outage["mails"]) != 2:
        wrong.append("mails of the outage")
    for name in ("black_hole", "database_killed"):
        wrong += [f"{name}: {what}" for what in ("told", "outages", "mails") if figures[name][what]]
    if figures["black_hole"]["reasons_of_errors"] != ["network"]:
        wrong.append("nothing was asked while the black hole was there")
    if not figures["database_killed"]["looks_after"]:
        wrong.append("nothing was looked at after the database was back")
    return wrong


def main() -> int:
    with (
        start_postgres() as server,
        mortal_postgres(server) as postgres,
        make_folder() as folder,
        ExitStack() as stack,
        ExitStack() as site,
    ):
        url, world_port, site_port = create_database(server), free_port(), free_port()
        sink = stack.enter_context(start_sink())
        world = start_farm(stack, folder, world_port, "world")
        start_farm(site, folder, site_port, "site")
        # 100, 200 and 300 are slow; a number that ends in 0 is another page each time.
        numbers = [100, 200, 300, *range(1, SITES - 2)]
        others = [f"http://{ADDRESSES[n % 250]}:{world_port}/{n}" for n in numbers]
        canaries = [f"http://{ADDRESSES[n]}:{world_port}/{n}1" for n in (240, 241)]
        env = {
            **IMPORTS,
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "CHECK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "CHECK_PORTS": "1-65535",
            "CHECK_CANARIES": ",".join(canaries),
            **{name: str(value) for name, value in sink.settings.items()},
        }
        app = create_app({"DATABASE_URL": url, "TESTING": True, "INSTANCE_PATH": folder})
        asyncio.run(add_sites(app, f"http://{ADDRESSES[0]}:{site_port}/7", others))
        for number in range(WORKERS):
            start_worker(stack, folder, number, env)
        stage = Stage(app, sink, world, stack)
        figures = asyncio.run(play(stage, folder, site_port, site, postgres))
    figures["wrong"] = find_wrong(figures)
    EVIDENCE.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    return int(bool(figures["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
