import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.models import Entity, User
from quartapp.models.learning import FEWEST
from tests.api.helpers import add_site
from tests.helpers import read_token
from tests.services.reading import learn, load_page, load_tampers, show

PATH = "/entities/my-site/tamper"
HOME = "<p>Head<p>Welcome home"
ADDED = '<td class="sign"><span aria-hidden="true">+</span><span class="unseen">added</span></td>'
HACKED = "<p>Head<p>Welcome &lt;script>alert(1)&lt;/script>"


@pytest.fixture(autouse=True)
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def read(browser: QuartClient, path: str = PATH) -> str:
    response = await browser.get(path)
    assert response.status_code == 200
    return str(await response.get_data(as_text=True))


async def press(browser: QuartClient, page: str, path: str, **form: str) -> int:
    """Send a form of *page* to *path*; return the status."""
    token = await read_token(browser, page)
    response = await browser.post(path, form={**form, "csrf_token": token})
    return response.status_code


@pytest.fixture
async def tamper(app: Quart, admin: User, entity: Entity) -> str:
    """Return the path of a change."""
    async with app.app_context():
        await learn(entity, admin, *[HOME] * FEWEST)
        await show(entity, HACKED, HACKED)
        (tamper,) = await load_tampers(entity)
    return f"/tampers/{tamper.id}"


async def test_new_page_says_that_it_is_learned(browser: QuartClient) -> None:
    page = await read(browser)
    assert "being learned (0 looks so far)" in page
    assert "None yet." in page
    assert '<strong class="state learning">learning</strong>' in await read(
        browser, "/entities/my-site"
    )


async def test_what_was_learned_is_shown_and_accepted(
    app: Quart, browser: QuartClient, entity: Entity
) -> None:
    async with app.app_context():
        await show(entity, *[f"<p>Head<p>Visitors: {number}" for number in range(FEWEST)])
    page = await read(browser)
    assert r"<code>^Visitors: [-+]?\d[\d.,]{0,4}$</code>" in page
    assert "<ul><li>Head</li></ul>" in page
    assert "What differs by now" not in page
    async with app.app_context():
        await show(entity, "<p>Head<p>&lt;b>Hacked<p>Visitors: 1")
    assert "<ul><li><code>+&lt;b&gt;Hacked</code></li></ul>" in await read(browser)
    site = await read(browser, "/entities/my-site")
    assert "The page is learned" in site
    assert f'<a href="{PATH}#says">Read and accept what was learned</a>' in site
    assert await press(browser, PATH, f"{PATH}/accept") == 303
    assert '<strong class="state steady">steady</strong>' in await read(browser)
    assert await press(browser, PATH, f"{PATH}/accept") == 409
    assert await press(browser, PATH, f"{PATH}/relearn") == 303
    assert '<strong class="state learning">learning</strong>' in await read(browser)


async def test_form_says_how_a_page_is_read(
    app: Quart, browser: QuartClient, entity: Entity
) -> None:
    given = {"include": "main\r\n\r\n p ", "exclude": "#ads", "ignore": "^x$", "sort_lines": "y"}
    assert await press(browser, PATH, PATH, **given) == 303
    async with app.app_context():
        page = await load_page(entity)
    assert (page.include, page.exclude, page.ignore) == ("main\np", "#ads", "^x$")
    assert (page.is_on, page.sort_lines, page.unique_lines) == (False, True, False)
    assert "main\np</textarea>" in await read(browser)


async def test_wrong_setting_is_told_beside_it(browser: QuartClient) -> None:
    token = await read_token(browser, PATH)
    form = {"ignore": "(", "csrf_token": token}
    response = await browser.post(PATH, form=form)
    assert response.status_code == 422
    assert "This is not a pattern of RE2" in await response.get_data(as_text=True)


async def test_difference_is_text_in_both_views(browser: QuartClient, tamper: str) -> None:
    new = "<ins>&lt;script&gt;alert(1)&lt;/script&gt;</ins>"
    page = await read(browser, tamper)
    gone, come = ADDED.replace("+", "\N{MINUS SIGN}").replace("added", "removed"), ADDED
    row = '<tr class="{}"><th scope="row">2</th>{}<td class="text">Welcome {}'
    assert row.format("removed", gone, "<del>home") in page
    assert row.format("added", come, f"{new}</td>") in page
    page = await read(browser, f"{tamper}?view=side")
    assert f'<del>home</del></td><td>2</td>{come}<td class="text added">Welcome {new}</td>' in page
    assert f'<td>2</td>{gone}<td class="text removed">Welcome <del>home' in page
    assert "<script>alert" not in page
    assert f'href="{tamper}"' in await read(browser)


@pytest.mark.parametrize("state", ["accepted", "ignored", "incident"])
async def test_change_is_settled_by_a_button(
    app: Quart, browser: QuartClient, entity: Entity, tamper: str, state: str
) -> None:
    assert await press(browser, tamper, f"{tamper}/settle", state="gone") == 400
    assert await press(browser, tamper, f"{tamper}/settle", state=state) == 303
    page = await read(browser, tamper)
    assert f'<strong class="state {state}">{state}</strong>' in page
    assert ("Accept</button>" in page) == (state == "incident")
    async with app.app_context():
        assert await show(entity, HACKED) == ["changed" if state == "incident" else "steady"]
