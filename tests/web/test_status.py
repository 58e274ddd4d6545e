import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity


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
