"""`quartapp prune`: what goes, what only would, and what stays when it is interrupted."""

import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from signal import SIGINT, SIGKILL

import pytest
from sqlalchemy import func, insert, select

from quartapp.extensions import db
from quartapp.models import Entity, Link, Purpose, result, rolled, utcnow
from quartapp.services.entity import add_entity
from quartapp.services.link import add_link
from quartapp.services.retention import start_day
from tests.cli.conftest import MAIN, Ask, Invoke
from tests.processes import running

DAY = timedelta(days=1)
TODAY = utcnow().date()
ROW = {"outcome": "ok", "reason": "", "detail": "", "state": "up", "waited": 0.0, "total": 0.1}
NOTHING = """user_session: 0
link: 0
api_token: 0
delivery: 0
outbox_message: 0
kept_answer: 0
visit: 0
result: 0
"""


@pytest.fixture(autouse=True)
def _tables(invoke: Invoke) -> None:
    invoke("db", "upgrade")


async def add_past(links: int = 3, ages: Iterable[int] = (31, 40, 0)) -> None:
    """Add links that have ended, and results of so many days ago."""
    async with db.begin() as session:
        await add_link(session, Purpose.SETUP)
        link = {"purpose": Purpose.INVITE, "expires_at": utcnow()}
        rows = [{**link, "token_hash": str(number)} for number in range(links)]
        await session.execute(insert(Link), rows)
        entity = await add_entity(session, name="Site", url="https://example.org/", owner=None)
        await session.execute(insert(rolled).values(entity_id=entity.id, until=start_day(TODAY)))
        for age in ages:
            at = start_day(TODAY - age * DAY)
            given = {"entity_id": entity.id, "slot_at": at, "started_at": at}
            await session.execute(insert(result).values(**ROW, **given))


async def count_rows() -> tuple[int, int]:
    async with db.read() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (Link, result)
        ]
        assert await session.scalar(select(func.count(Entity.id))) == 1
        return counts[0] or 0, counts[1] or 0


def test_what_is_past_goes_and_what_went_is_told(invoke: Invoke, ask: Ask) -> None:
    ask(add_past(links=1_234))
    told = NOTHING.replace("link: 0", "link: 1,234").replace("result: 0", "result: 2")

    first = invoke("prune", "--dry-run")
    assert (first.exit_code, first.output) == (0, f"{told}Rows would be removed: 1,236\n")
    assert ask(count_rows()) == (1_235, 3)

    found = invoke("prune")
    assert (found.exit_code, found.output) == (0, f"{told}Rows removed: 1,236\n")
    assert ask(count_rows()) == (1, 1)

    again = invoke("prune")
    assert (again.exit_code, again.output) == (0, f"{NOTHING}Rows removed: 0\n")


def test_days_come_from_the_setting(
    invoke: Invoke, ask: Ask, new_app: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(add_past())
    monkeypatch.setitem(new_app.config, "RESULT_DAYS", 35)  # type: ignore[attr-defined]

    assert "result: 1\n" in invoke("prune").output
    assert ask(count_rows()) == (1, 2)


@pytest.mark.parametrize(("signal", "code"), [(SIGINT, 130), (SIGKILL, -9)])
def test_it_may_end_at_any_time(
    ask: Ask, invoke: Invoke, settings: dict[str, str], tmp_path: Path, signal: int, code: int
) -> None:
    ask(add_past(links=100_000))
    folder = tmp_path / "program"
    folder.mkdir()
    env = {**settings, "DATABASE_URL": "sqlite:///test.db"}
    before = ask(count_rows())[0]

    def has_begun() -> bool:
        return bool(ask(count_rows())[0] < before)

    with running(folder, [sys.executable, "-c", MAIN, "prune"], has_begun, env=env) as program:
        program.send(signal)
        assert program.wait() == code
        said = program.output()
    left = ask(count_rows())[0]

    assert 1 < left < before
    assert (before - left) % 200 == 0
    if code == 130:
        # The last batch may have been committed when it was stopped, and not been counted yet.
        removed = before - left
        told = [f"link: {count:,}\n" for count in (removed, removed - 200) if count]
        assert removed == 200 or any(line in said for line in told)
    assert f"link: {left - 1:,}\n" in invoke("prune").output
    assert ask(count_rows())[0] == 1
