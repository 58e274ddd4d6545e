from datetime import timedelta

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.models import User, utcnow
from quartapp.models.look import Reason
from tests.api.helpers import add_site
from tests.helpers import read_token
from tests.services.watching import HOUR, load_check, look

PATH = "/entities/my-site/usability"


@pytest.fixture(autouse=True)
async def _site(app: Quart, admin: User) -> None:
    await add_site(app, admin)


async def read(browser: QuartClient, path: str = PATH) -> str:
    response = await browser.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def test_new_site_says_that_nobody_looked(browser: QuartClient) -> None:
    page = await read(browser)
    assert '<strong class="state new">new</strong>' in page
    assert "Nobody looked yet." in page
    assert "None yet." in page
    assert page.count("<td>nobody looked</td>") == 4


async def test_new_site_says_why_nothing_is_known(app: Quart, browser: QuartClient) -> None:
    async with app.app_context():
        await look(utcnow(), Reason.BLOCKED)
    for page in (await read(browser), await read(browser, "/entities/my-site")):
        assert '<strong class="state new">new</strong>' in page
        assert "The last look said nothing of it: It was blocked." in page
    assert (await read(browser)).count("<td>no look says</td>") == 4


async def test_outage_is_shown_with_start_end_and_length(app: Quart, browser: QuartClient) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number, reason in enumerate([Reason.TLS] * 3 + [None] * 2):
            await look(start + number * HOUR, reason)
    page = await read(browser)

    assert '<strong class="state up">up</strong>' in page
    assert f'<strong><time datetime="{start.isoformat()}">' in page
    assert f'until <time datetime="{(start + 3 * HOUR).isoformat()}">' in page
    assert "</time>, 3 hours</span>" in page
    assert page.count("It was tls.") == 4  # the outage, and three looks
    assert '<strong class="state up">up</strong>' in await read(browser, "/entities/my-site")


async def test_form_changes_how_it_is_looked_at(app: Quart, browser: QuartClient) -> None:
    form = {"interval": "30", "down_after": "1", "up_after": "1", "statuses": "200", "absent": ""}
    token = await read_token(browser, f"{PATH}/edit")
    path = {"json_path": "$.status", "json_value": "up"}
    given = {**form, **path, "present": "Welcome", "csrf_token": token}
    response = await browser.post(f"{PATH}/edit", form=given)
    async with app.app_context():
        check = await load_check()

    assert (response.status_code, response.location) == (303, PATH)
    assert (check.interval, check.down_after, check.up_after) == (30, 1, 1)
    assert (check.statuses, check.present) == ("200", "Welcome")
    assert (check.json_path, check.json_value) == ("$.status", "up")
    assert 'value="$.status"' in await read(browser, f"{PATH}/edit")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("interval", "5", "Number must be between 10 and 86400."),
        ("interval", "often", "Not a valid integer value."),
        ("statuses", "all", "Statuses look like 200-299, 401."),
        ("json_path", "$[?@.a]", "A path looks like $.status"),
        ("json_value", "up", "A value wants a path that leads to it."),
        ("down_after", "11", "Number must be between 1 and 10."),
    ],
)
async def test_wrong_field_is_told_beside_it(
    browser: QuartClient, field: str, value: str, message: str
) -> None:
    form = {"interval": "30", "down_after": "1", "up_after": "1", "statuses": "200"}
    token = await read_token(browser, f"{PATH}/edit")
    response = await browser.post(f"{PATH}/edit", form={**form, field: value, "csrf_token": token})

    assert response.status_code == 422
    assert message in await response.get_data(as_text=True)


async def test_site_is_paused_resumed_and_looked_at_by_buttons(
    app: Quart, browser: QuartClient
) -> None:
    states = []
    for button in ("pause", "resume", "run"):
        token = await read_token(browser, PATH)
        response = await browser.post(f"{PATH}/{button}", form={"csrf_token": token})
        assert (response.status_code, response.location) == (303, PATH)
        async with app.app_context():
            states.append((await load_check()).state)

    assert states == ["paused", "new", "new"]
