from datetime import UTC, datetime, time
from urllib.parse import urlencode

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import Entity, Maintenance, User
from tests.api.helpers import add_site
from tests.helpers import read_token

SITE = "/entities/my-site/maintenances/new"
WEEKLY = {"title": "Disks", "timezone": "Europe/Berlin", "start_time": "02:30", "minutes": "90"}
ONCE = {
    **{"title": "Moving", "timezone": "Europe/Berlin"},
    **{"starts_at": "2999-06-01T22:00", "ends_at": "2999-06-02T01:00"},
}


@pytest.fixture(autouse=True)
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def send(browser: QuartClient, path: str, **form: str | list[str]) -> tuple[int, str]:
    token = await read_token(browser, path)
    data = urlencode({**form, "csrf_token": token}, doseq=True).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await browser.post(path, data=data, headers=kind)
    return response.status_code, await response.get_data(as_text=True)


async def read(browser: QuartClient, path: str) -> str:
    response = await browser.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def load_windows() -> list[Maintenance]:
    async with db.read() as session:
        return list(await session.scalars(select(Maintenance).order_by(Maintenance.id)))


async def test_site_rests_on_weekdays(app: Quart, browser: QuartClient, entity: Entity) -> None:
    status, _ = await send(browser, SITE, **WEEKLY, weekdays=["6", "7"])
    async with app.app_context():
        (window,) = await load_windows()

    assert (status, window.entity_id, window.title) == (303, entity.id, "Disks")
    assert (window.weekdays, window.start_time, window.minutes) == ("67", time(2, 30), 90)
    assert (window.timezone, window.starts_at, window.ends_at) == ("Europe/Berlin", None, None)
    for path in ("/maintenances", "/entities/my-site/usability"):
        page = " ".join((await read(browser, path)).split())
        assert "each Saturday, Sunday at 02:30 (Europe/Berlin) for 90 min" in page
    assert "New" not in page


async def test_all_sites_rest_once_by_the_clocks_of_the_zone(
    app: Quart, browser: QuartClient
) -> None:
    status, _ = await send(browser, "/maintenances/new", **ONCE)
    async with app.app_context():
        (window,) = await load_windows()

    assert (status, window.entity_id) == (303, None)
    assert window.starts_at == datetime(2999, 6, 1, 20, tzinfo=UTC)
    assert window.ends_at == datetime(2999, 6, 1, 23, tzinfo=UTC)
    assert "all sites" in await read(browser, "/maintenances")
    page = await read(browser, f"/maintenances/{window.id}/edit")
    assert 'value="2999-06-01T22:00"' in page
    assert "Let all sites rest" not in page


async def test_window_is_changed_and_removed(app: Quart, browser: QuartClient) -> None:
    await send(browser, SITE, **ONCE)
    async with app.app_context():
        (window,) = await load_windows()
    status, _ = await send(browser, f"/maintenances/{window.id}/edit", **WEEKLY, weekdays="1")
    async with app.app_context():
        (window,) = await load_windows()
    assert (status, window.title, window.weekdays, window.starts_at) == (303, "Disks", "1", None)
    page = await read(browser, f"/maintenances/{window.id}/edit")
    assert '<option selected value="1">Monday</option>' in page

    token = await read_token(browser, "/maintenances")
    path = f"/maintenances/{window.id}/remove"
    response = await browser.post(path, form={"csrf_token": token})
    async with app.app_context():
        assert (response.status_code, await load_windows()) == (303, [])


async def test_moment_that_is_not_changed_stays_as_it_was(
    app: Quart, browser: QuartClient, bearer: dict[str, str], entity: Entity
) -> None:
    zone = {"timezone": "Europe/Berlin", "entity_id": entity.id}
    moments = {"starts_at": "2099-10-25T01:30:20Z", "ends_at": "2099-10-25T03:00:00Z"}
    sent = {"title": "Disks", **zone, **moments}  # 2:30 comes twice that night: it is the second
    answer = await app.test_client().post("/api/v1/maintenances", json=sent, headers=bearer)
    path = f"/maintenances/{(await answer.get_json())['id']}/edit"
    shown = {"starts_at": "2099-10-25T02:30", "ends_at": "2099-10-25T04:00"}
    for ends_at, hour in (("2099-10-25T04:00", 3), ("2099-10-25T05:00", 4)):
        form = {**shown, "title": "New disks", "timezone": "Europe/Berlin", "ends_at": ends_at}
        assert (await send(browser, path, **form))[0] == 303
        async with app.app_context():
            (window,) = await load_windows()
        assert window.starts_at == datetime(2099, 10, 25, 1, 30, 20, tzinfo=UTC)
        assert window.ends_at == datetime(2099, 10, 25, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", "", "This field is required."),
        ("timezone", "Mars/Base", "A time zone has a name such as Europe/Berlin, or UTC."),
        ("starts_at", "", "When does it start, or on which weekdays?"),
        ("starts_at", "soon", "Not a valid datetime value."),
        ("ends_at", "2999-06-01T21:00", "It ends later, within 366 days."),
        ("starts_at", "0001-01-01T00:00", "There is no such day."),
        ("ends_at", "0001-01-01T00:30", "There is no such day."),
        ("minutes", "0", "Number must be between 1 and 10080."),
        ("minutes", "5", "It comes once, or on weekdays; not both."),
    ],
)
async def test_wrong_field_is_told_beside_it(
    app: Quart, browser: QuartClient, field: str, value: str, message: str
) -> None:
    status, page = await send(browser, "/maintenances/new", **{**ONCE, field: value})
    async with app.app_context():
        assert await load_windows() == []
    assert (status, message in page) == (422, True)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
async def test_window_that_no_clock_of_its_zone_shows_is_refused(
    app: Quart, browser: QuartClient, bearer: dict[str, str], entity: Entity, zone: str
) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        window = {"starts_at": f"{day}T00:30:00Z", "ends_at": f"{day}T23:30:00Z"}
        sent = {"title": "a", "timezone": zone, "entity_id": entity.id, **window}
        answer = await app.test_client().post("/api/v1/maintenances", json=sent, headers=bearer)
        found = await answer.get_json()
        if answer.status_code == 201:
            await read(browser, f"/maintenances/{found['id']}/edit")
        else:
            told = [fault["msg"] for fault in found["errors"]]
            assert (answer.status_code, told) == (422, ["There is no such day."])
