from datetime import timedelta

import pytest
from quart import Quart

from quartapp.models import Entity, User, utcnow
from quartapp.models.look import Reason
from tests.api.helpers import Api, add_site
from tests.services.history import DAY, MINUTE, add_looks, roll_up_all
from tests.services.watching import HOUR, look

MOMENTS = ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "9999-12-31T23:59:59-23:59", ""]

NOTHING = {
    **{"ok": 0, "fail": 0, "error": 0, "up": 0.0, "down": 0.0, "maintenance": 0.0},
    **{"uptime": None, "p50": None, "p95": None, "p99": None},
}


@pytest.fixture
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def test_new_site_stands_nowhere(app: Quart, api: Api, entity: Entity) -> None:
    assert await api("GET", f"/entities/{entity.id}/usability") == (
        200,
        {
            "entity": {
                "id": entity.id,
                "name": "My site",
                "slug": "my-site",
                "url": "https://example.org/",
            },
            "state": "new",
            "state_since": None,
            "looked_at": None,
            "certificate_until": None,
            "outage": None,
            "last_day": NOTHING,
            "figures": {
                "last_24_hours": NOTHING,
                "last_7_days": NOTHING,
                "last_30_days": NOTHING,
                "last_365_days": NOTHING,
            },
        },
    )


async def test_outage_is_told_with_its_cause(app: Quart, api: Api, entity: Entity) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(3):
            await look(start + number * HOUR, Reason.CONNECT)
    _, found = await api("GET", f"/entities/{entity.id}/usability")
    _, page = await api("GET", f"/entities/{entity.id}/outages")

    assert (found["state"], found["outage"]) == ("down", page["items"][0])
    (outage,) = page["items"]
    assert outage == {
        "id": outage["id"],
        "entity_id": entity.id,
        "started_at": start.isoformat().replace("+00:00", "Z"),
        "ended_at": None,
        "reason": "connect",
        "cause": "It was connect.",
    }


async def test_sites_are_listed_by_state(app: Quart, api: Api, admin: User) -> None:
    await add_site(app, admin, "One")
    async with app.app_context():
        await look(utcnow() + timedelta(seconds=1))
    await add_site(app, admin, "Two")

    for query, names in [
        ("", ["One", "Two"]),
        ("?state=up", ["One"]),
        ("?state=new", ["Two"]),
        ("?state=down", []),
        ("?state=down&state=up", ["One"]),
        ("?q=tw", ["Two"]),
        ("?cursor=", ["One", "Two"]),
    ]:
        status, page = await api("GET", f"/usability{query}")
        assert (status, [item["entity"]["name"] for item in page["items"]]) == (200, names), query
    assert (await api("GET", "/usability?state=gone"))[0] == 422


async def test_results_are_read_backwards_to_the_first(
    app: Quart, api: Api, entity: Entity
) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(5):
            await look(start + number * HOUR)
    found, path = [], f"/entities/{entity.id}/results?per_page=2"
    while path:
        status, page = await api("GET", path)
        assert status == 200
        found += [item["started_at"] for item in page["items"]]
        path = (page["_links"]["next"] or "").removeprefix("/api/v1")

    times = [(start + number * HOUR).isoformat().replace("+00:00", "Z") for number in range(5)]
    assert found == times[::-1]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_what_is_no_moment_is_refused(api: Api, entity: Entity, moment: str) -> None:
    status, problem = await api("GET", f"/entities/{entity.id}/results?before={moment}")
    assert (status, problem["errors"][0]["loc"]) == (422, ["before"])


async def test_history_is_told_by_hours_and_days(app: Quart, api: Api, entity: Entity) -> None:
    now = utcnow()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with app.app_context():
        await add_looks(entity.id, [today - 2 * DAY, today - DAY], total=0.5)
        await add_looks(entity.id, [today - DAY + MINUTE], outcome="fail")
        await roll_up_all(now)
    path = f"/entities/{entity.id}/history?from={(today - 2 * DAY).date()}T12:00:00Z"
    path += f"&to={today.date()}T00:00:00Z"
    _, hours = await api("GET", f"{path}&step=hour")
    status, days = await api("GET", f"{path}&step=day")

    known = {"ok": 1, "uptime": 1.0, "p50": 0.5, "p95": 0.5, "p99": 0.5}
    assert (status, days) == (
        200,
        {
            "step": "day",
            "items": [
                {
                    "start_at": f"{(today - 2 * DAY).date()}T00:00:00Z",
                    "unknown": 86280.0,
                    "figures": {**NOTHING, **known, "up": 120.0},
                },
                {
                    "start_at": f"{(today - DAY).date()}T00:00:00Z",
                    "unknown": 86220.0,
                    "figures": {**NOTHING, **known, "up": 180.0, "fail": 1},
                },
            ],
        },
    )
    assert [item["unknown"] for item in hours["items"]] == [3600.0] * 12 + [3420.0] + [3600.0] * 23


async def test_history_that_nobody_asks_for_in_particular_ends_now(
    api: Api, entity: Entity
) -> None:
    for step, count in [("hour", 25), ("day", 31)]:
        _, found = await api("GET", f"/entities/{entity.id}/history?step={step}")
        assert len(found["items"]) == count
        assert {item["figures"]["ok"] for item in found["items"]} == {0}


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",  # 1,416 hours
        "from=0001-01-01T00:00:00Z&step=day",
        "from=9999-12-31T23:59:59Z",
        "to=0001-01-01T00:00:00Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    ],
)
async def test_while_that_is_too_long_or_none_is_refused(
    api: Api, entity: Entity, query: str
) -> None:
    status, problem = await api("GET", f"/entities/{entity.id}/history?{query}")
    assert (status, problem["errors"][0]["loc"]) == (422, ["from"])
