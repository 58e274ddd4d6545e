"""Make the pictures of README, of sites that are made up: `python -m docs.images.make`."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import hypercorn.asyncio
from hypercorn.config import Config
from playwright.async_api import Browser, Page
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.models import Check, Entity, Role, State, User, daily, hourly, utcnow
from quartapp.models.incident import Impact, NoteState
from quartapp.models.latency import Latency
from quartapp.models.learning import FEWEST
from quartapp.models.rollup import DAY, HOUR, start_day, start_hour
from quartapp.models.rules import Severity
from quartapp.services.bug import report_bug
from quartapp.services.check import adopt_entities
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity
from quartapp.services.glance import keep_glances
from quartapp.services.group import add_group
from quartapp.services.incident import add_incident
from tests.browser.chromium import start_chromium
from tests.helpers import PASSWORD, add_person
from tests.processes import free_port, make_folder
from tests.services.history import add_looks, add_outage
from tests.services.reading import learn, show

FOLDER = Path(__file__).parent
NAME = "admin"
DATABASE = "sqlite:///test.db"
TIMES = "9:00, 12:00 and 17:30"
WIDE, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 800}
LONG = {"width": 1200, "height": 1400}
SITES = {
    "Botanical garden": "https://garden.example.org/",
    "City library": "https://library.example.org/catalogue",
    "Concert hall": "https://concerts.example.net/season",
    "Farmers' market": "https://market.example.com/",
    "Harbour ferry": "https://ferry.example.net/timetable",
    "Museum of the river": "https://river.example.org/",
    "Observatory": "https://observatory.example.org/tonight",
    "Swimming pool": "https://pool.example.com/opening-hours",
}
BUGS = {
    "No Content-Security-Policy": Severity.MEDIUM,
    "The certificate ends in 6 days": Severity.HIGH,
    "Passwords are sent without TLS": Severity.CRITICAL,
    "The server tells its version": Severity.LOW,
}
PICTURES = [
    ("dashboard", "/", "light", WIDE),
    ("dashboard-dark", "/", "dark", WIDE),
    ("site", "/entities/harbour-ferry", "light", LONG),
    ("change", "/tampers/1?view=side", "light", WIDE),
    ("board", "/bugs/board", "light", WIDE),
    ("status", "/status/", "light", WIDE),
    ("phone", "/", "light", PHONE),
]


async def fill() -> None:
    await upgrade(db.engine)
    async with db.begin() as session:
        user = await add_person(session, NAME, role=Role.ADMIN)
        sites = [
            await add_entity(session, name=name, url=url, owner=user, is_public=True)
            for name, url in SITES.items()
        ]
        await adopt_entities(session, utcnow())
    async with db.begin() as session:
        for site in sites:
            await add_history(session, site)
        await session.execute(update(Check).values(state=State.UP, looked_at=utcnow()))
    await add_trouble(sites, user)


async def add_history(session: AsyncSession, site: Entity) -> None:
    """Add 90 days and the last 24 hours."""
    today, hour, base = start_day(utcnow()), start_hour(utcnow()), random.uniform(0.05, 0.25)
    days = [make_row(site, today - ago * DAY, base, 24, ago) for ago in range(1, 91)]
    hours = [make_row(site, hour - ago * HOUR, base, 1, ago) for ago in range(1, 25)]
    await session.execute(insert(daily), days)
    await session.execute(insert(hourly), hours)
    await keep_glances(session, {site.id: hour})


def make_row(site: Entity, at: datetime, base: float, hours: int, ago: int) -> dict[str, Any]:
    swing = 1 + 0.4 * math.sin(ago / 4) + random.uniform(0, 0.5)
    latency = Latency.of([base * swing * random.uniform(0.8, 1.6) for _ in range(60)])
    down = random.choice([0.0] * 40 + [120.0, 5_400.0]) if hours > 1 else 0.0
    return {
        "entity_id": site.id,
        "start_at": at,
        **{"ok": 60, "fail": 0, "error": 0},
        **{"up": hours * 3600.0 - down, "down": down, "maintenance": 0.0},
        "latency_total": latency.total,
        "latency_least": latency.least,
        "latency_most": latency.most,
        "latency_buckets": latency.write_buckets(),
    }


async def add_trouble(sites: list[Entity], user: User) -> None:
    """Let some sites have what pages are there to tell of."""
    now, ferry, pool = utcnow(), sites[4], sites[7]
    async with db.begin() as session:
        for number, (title, severity) in enumerate(BUGS.items()):
            site = sites[(number * 3 + 4) % len(sites)]
            await report_bug(session, site, user, title=title, severity=severity, body="")
        await add_comment(session, ferry, "The timetable moves to a new host on Monday.", user)
        names = [site.id for site in sites[:3]]
        await add_group(session, user, entity_ids=names, name="Culture", is_public=True)
        told = {"title": "The pool's pages do not answer", "impact": Impact.MAJOR}
        note = {"state": NoteState.IDENTIFIED, "body": "Its provider works on a broken cable."}
        await add_incident(session, user, entity_ids=[pool.id], **told, **note)
        is_pool = Check.entity_id == pool.id
        await session.execute(update(Check).where(is_pool).values(state=State.DOWN))
    await add_outage(pool.id, now - HOUR, None)
    await add_outage(ferry.id, now - 40 * HOUR, now - 39 * HOUR)
    await learn(ferry, user, *[f"<h1>Timetable</h1><p>Boats at {TIMES}" for _ in range(FEWEST)])
    await show(ferry, *["<h1>Timetable</h1><p>Boats at 9:00, 13:00 and 17:30<p>Cheap loans!"] * 3)
    for ago in range(288, 0, -1):
        total = 0.2 + 0.05 * math.sin(ago / 20) + random.expovariate(20)
        await add_looks(ferry.id, [utcnow() - ago * HOUR / 12], total=total)


@asynccontextmanager
async def serve(app: QuartApp) -> AsyncIterator[str]:
    """Serve the application in this loop; return its address."""
    config, stop = Config(), asyncio.Event()
    config.bind = [f"127.0.0.1:{free_port()}"]
    config.loglevel = "WARNING"
    task = asyncio.create_task(hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait))
    yield f"http://{config.bind[0]}"
    stop.set()
    await task


async def sign_in(browser: Browser, site: str) -> Page:
    page = await browser.new_page(base_url=site)
    await page.goto("/auth/login")
    await page.get_by_label("User name").fill(NAME)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Dashboard").wait_for()
    return page


async def main() -> None:
    random.seed(7)
    with make_folder() as folder:
        app = create_app({"TESTING": True, "INSTANCE_PATH": folder, "DATABASE_URL": DATABASE})
        async with app.app_context():
            await fill()
        async with serve(app) as site, start_chromium() as browser:
            page = await sign_in(browser, site)
            for name, path, scheme, size in PICTURES:
                await page.emulate_media(color_scheme=scheme)
                await page.set_viewport_size(size)
                await page.goto(path)
                await page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
