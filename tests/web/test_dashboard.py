"""The first page: the worst sites first, at the same cost for three as for a thousand."""

import re

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import insert, update

from quartapp.extensions import db
from quartapp.models import Check, Entity, State, User, daily, hourly, utcnow
from quartapp.models.rollup import DAY, HOUR, start_day, start_hour
from quartapp.models.tally import FindingState
from quartapp.models.tamper import TamperState
from quartapp.services import dashboard
from quartapp.services.glance import keep_glances
from quartapp.web.dashboard import views
from tests.helpers import queries
from tests.services.history import add_outage
from tests.services.reading import add_tamper
from tests.services.watching import watch
from tests.web.bugs import report

SUMS = {"ok": 10, "fail": 0, "error": 0, "up": 86_400.0, "down": 0.0, "maintenance": 0.0}
QUICK = {"latency_total": 1.2, "latency_least": 0.1, "latency_most": 0.2, "latency_buckets": ""}


async def read(browser: QuartClient) -> str:
    response = await browser.get("/")
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def stand(states: dict[int, State]) -> None:
    async with db.begin() as session:
        for entity_id, state in states.items():
            query = update(Check).where(Check.entity_id == entity_id)
            await session.execute(query.values(state=state, looked_at=utcnow()))


async def test_stranger_has_to_sign_in(client: QuartClient) -> None:
    assert (await client.get("/")).location == "/auth/login?next=/"


async def test_new_instance_says_that_nothing_is_watched(browser: QuartClient) -> None:
    page = await read(browser)
    assert "Nothing is watched yet." in page
    assert 'href="/entities/new"' in page


async def test_worst_sites_come_first(app: Quart, browser: QuartClient) -> None:
    order = [State.UP, State.DOWN, State.NEW, State.PAUSED, State.DOWN]
    async with app.app_context():
        sites = await watch(*[f"http://{state}.example/" for state in order])
        await stand({site.id: state for site, state in zip(sites, order, strict=True)})
    page = await read(browser)

    shown = re.findall(r'<a href="/entities/site-(\d)">.*?<b class="state (\w+)">', page)
    assert shown == [("2", "down"), ("5", "down"), ("3", "new"), ("1", "up"), ("4", "paused")]
    counts = re.findall(r'href="(.*?)"><strong class="state \w+">(.*?)</strong>', page)
    assert counts == [
        (f"/entities/?state={state}", f"{count} {state}")
        for state, count in [("down", 2), ("new", 1), ("up", 1), ("paused", 1)]
    ]


async def test_more_sites_than_fit_are_said_to_be_there(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def load(*args: object, **given: object) -> object:
        return await dashboard.load_dashboard(*args, **given, limit=2)  # type: ignore[arg-type]

    monkeypatch.setattr(views, "load_dashboard", load)
    async with app.app_context():
        await watch(*[f"http://{number}.example/" for number in range(3)])
    page = await read(browser)

    assert page.count('<li id="s') == 2
    assert "These are the worst 2 of 3 sites." in page


async def add_history(site: Entity, downs: dict[int, float]) -> None:
    """Add roll-ups of thirty days and three hours; *downs* are seconds by days ago."""
    today, hour = start_day(utcnow()), start_hour(utcnow())
    shared = {"entity_id": site.id, **SUMS, **QUICK}
    days = [{**shared, "start_at": today - ago * DAY} for ago in range(1, 31)]
    for ago, seconds in downs.items():
        days[ago - 1] |= {"down": seconds, "up": 86_400 - seconds}
    days[4] |= {"up": 0.0, "maintenance": 86_400.0}
    days[5] |= {"up": 0.0}
    hours = [{**shared, "start_at": hour - ago * HOUR} for ago in range(1, 4)]
    async with db.begin() as session:
        await session.execute(insert(daily), days)
        await session.execute(insert(hourly), hours)
        await keep_glances(session, {site.id: hour})


async def test_bar_shows_days_and_line_shows_answers(app: Quart, browser: QuartClient) -> None:
    async with app.app_context():
        (site,) = await watch("http://a.example/")
        await add_history(site, {3: 60.0, 2: 7200.0})
    page = await read(browser)

    assert 'aria-label="Outages on 2 of 29 days"' in page
    assert re.findall('<path class=(.) d="(.*?)"', page) == [
        ("u", "M118 8h48M170 8h2M176 8h2"),
        ("h", "M168 8h2"),
        ("s", "M172 8h2"),
        ("d", "M174 8h2"),
    ]
    assert re.findall('<path d="(.*?)"', page) == ["M253 1"]
    assert "<span>120 ms</span>" in page


async def test_today_is_what_is_known_so_far(app: Quart, browser: QuartClient) -> None:
    async with app.app_context():
        sites = await watch(*[f"http://{number}.example/" for number in range(4)])
        await stand({site.id: State.UP for site in sites[:2]} | {sites[2].id: State.MAINTENANCE})
        await add_outage(sites[0].id, start_day(utcnow()), utcnow())
    page = await read(browser)

    rows = re.findall(r'<li id="s\d+".*?site-(\d)">.*?aria-label="(.*?)">(.*?)<path d=""/>', page)
    box = 'd="M178 8h2"/>'
    assert sorted(rows) == [
        ("1", "Outages on 1 of 1 day", f"<path class=d {box}"),
        ("2", "No outage in 1 day", f"<path class=u {box}"),
        ("3", "No outage in 1 day", f"<path class=h {box}"),
        ("4", "Nobody looked yet", ""),
    ]


async def test_open_bugs_and_changes_are_counted(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    async with app.app_context():
        one, two, _ = await watch(*[f"http://{number}.example/" for number in range(3)])
        for site, state in [(one, TamperState.OPEN), (one, TamperState.OPEN), (two, "accepted")]:
            await add_tamper(site, TamperState(state))
    await report(app, one, admin, "Missing")
    await report(app, two, admin, "Wrong", "Old")
    await report(app, two, admin, "Done", state=FindingState.FIXED)
    page = await read(browser)

    links = re.findall(r'<a href="/entities/(site-\d/(?:bugs|tamper))">(.*?)</a>', page)
    assert links == [
        ("site-1/bugs", "1 bug"),
        ("site-1/tamper", "2 changes"),
        ("site-2/bugs", "2 bugs"),
    ]


@pytest.mark.parametrize("count", [3, 30])
async def test_dashboard_costs_three_statements_however_many_sites(
    app: Quart, browser: QuartClient, count: int
) -> None:
    async with app.app_context():
        for site in await watch(*[f"http://{number}.example/" for number in range(count)]):
            await add_history(site, {1: 60.0})
        engine = db.engine
    with queries(engine) as sent:
        page = await read(browser)

    assert page.count('<li id="s') == count
    assert len([one for one in sent if one.startswith("SELECT")]) == 3
