from datetime import datetime
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import insert, update

from quartapp.extensions import db
from quartapp.models import Check, Entity, Outage, State, User, daily, hourly, utcnow
from quartapp.models.rollup import start_day, start_hour
from quartapp.models.status import WORDS
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity
from tests.helpers import queries
from tests.services.history import DAY, HOUR, MINUTE


@pytest.fixture
async def _sites(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        for name in ("open", "secret"):
            entity = await add_entity(
                session,
                name=name,
                url=f"http://{name}.test/",
                is_public=name == "open",
                owner=admin,
            )
            await add_comment(session, entity, "said among us", admin)


@pytest.mark.usefixtures("_sites")
@pytest.mark.parametrize("who", ["stranger", "person"])
async def test_status_shows_what_is_public_and_nothing_else(
    client: QuartClient, browser: QuartClient, who: str
) -> None:
    client = browser if who == "person" else client
    pages = {path: await client.get(f"/status/{path}") for path in ("", "open", "secret")}
    texts = {path: await page.get_data(as_text=True) for path, page in pages.items()}

    assert [page.status_code for page in pages.values()] == [200, 200, 404]
    assert "http://open.test/" in texts[""]
    assert "http://open.test/" in texts["open"]
    assert "secret.test" not in str(texts)
    assert "said among us" not in str(texts)


async def test_status_without_public_sites_says_so(client: QuartClient) -> None:
    page = await (await client.get("/status/")).get_data(as_text=True)
    assert "No site is public." in page


async def test_site_is_made_public_by_a_form(browser: QuartClient, app: Quart) -> None:
    for is_public, status in (({"is_public": "y"}, 200), ({}, 404)):
        form = {"name": "a", "url": "http://a.test/", **is_public}
        path = "/entities/new" if is_public else "/entities/a/edit"
        page = await (await browser.get(path)).get_data(as_text=True)
        token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        assert (await browser.post(path, form=form | {"csrf_token": token})).status_code == 303
        assert (await app.test_client().get("/status/a")).status_code == status


async def publish(app: Quart, *names: str) -> list[Entity]:
    async with app.app_context(), db.begin() as session:
        return [
            await add_entity(
                session, name=name, url=f"http://{name}.test/", is_public=True, owner=None
            )
            for name in names
        ]


async def read(client: QuartClient, path: str = "/status/") -> str:
    response = await client.get(path)
    assert response.status_code == 200
    return " ".join(str(await response.get_data(as_text=True)).split())


async def set_check(app: Quart, entity: Entity, **values: Any) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(Check).where(Check.entity_id == entity.id).values(values))


async def go_down(app: Quart, entity: Entity, at: datetime, **values: Any) -> None:
    async with app.app_context(), db.begin() as session:
        cause = {"reason": "dns", "cause": "Secret cause."}
        outage = Outage(entity_id=entity.id, started_at=at, **cause)
        session.add(outage)
        await session.flush()
        outage_id = outage.id
    await set_check(app, entity, state="down", outage_id=outage_id, **values)


async def test_status_says_since_when_a_site_is_down_and_not_why(
    app: Quart, client: QuartClient
) -> None:
    (entity,) = await publish(app, "open")
    start = utcnow() - HOUR
    await go_down(app, entity, start, state_since=start + MINUTE)
    time = f'<time datetime="{start.isoformat()}">'
    pages = [await read(client), await read(client, "/status/open")]

    for page in pages:
        assert f'<strong class="state down">Down</strong> since {time}' in page
        assert "Secret cause." not in page
    assert f"<strong>{time}" in pages[1]
    assert '<span class="hint">until now</span>' in pages[1]


@pytest.mark.parametrize(("state", "words"), [*WORDS.items()])
async def test_status_says_in_words_where_a_site_stands(
    app: Quart, client: QuartClient, state: State, words: str
) -> None:
    (entity,) = await publish(app, "open")
    at = utcnow() - HOUR
    await set_check(app, entity, state=state, state_since=at)
    shown = (
        f'<strong class="state {state}">{words}</strong> since <time datetime="{at.isoformat()}">'
    )
    assert shown in await read(client)
    page = await read(client, "/status/open")
    assert shown in page
    assert "Never yet." in page


async def test_status_tells_how_a_site_did(app: Quart, client: QuartClient) -> None:
    (entity,) = await publish(app, "open")
    hour, day = start_hour(utcnow() - HOUR), start_day(utcnow() - 2 * DAY)
    async with app.app_context(), db.begin() as session:
        for table, start, up, down in (
            (hourly, hour, 3_000.0, 600.0),
            (daily, day, 86_400.0, 0.0),
            (daily, day - 40 * DAY, 0.0, 90_000.0),
        ):
            known = {"up": up, "down": down, "maintenance": 0.0, "latency_total": 0.0}
            looks = {"ok": 1, "fail": 0, "error": 0, "latency_buckets": ""}
            row = {"entity_id": entity.id, "start_at": start, **known, **looks}
            await session.execute(insert(table).values(row))
    shown = "Up in the last 24 hours: 83.33 %, 30 days: 99.33 %, 90 days: 49.67 %."
    assert shown in await read(client)
    assert shown in await read(client, "/status/open")


async def test_status_costs_the_same_however_many_sites_are_public(
    app: Quart, client: QuartClient
) -> None:
    counts = []
    async with app.app_context():
        engine = db.engine
    await read(client)  # a connection begins with statements of its own
    for names in (["a"], ["b", "c"]):
        await publish(app, *names)
        with queries(engine) as sent:
            assert "Up in the last 24 hours: not known, 30 days: not known" in await read(client)
        counts.append(len(sent))
    assert counts[0] == counts[1]
