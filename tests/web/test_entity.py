import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity, get_entity_by_slug
from tests.helpers import add_person, queries, read_token, sign_in
from tests.web.bugs import report

FORM = {"name": "My site", "url": "https://example.org/", "content": "Two\nlines."}


async def add_site(
    app: Quart, owner: User | None, name: str = "My site", comments: int = 0
) -> None:
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name=name, url="https://example.org/", owner=owner)
        for number in range(comments):
            await add_comment(session, entity, f"comment {number}", owner)


async def send(client: QuartClient, path: str, page: str = "", **form: str) -> tuple[int, str, str]:
    """Send the form of a page; return status, location and body."""
    form["csrf_token"] = await read_token(client, page or path)
    response = await client.post(path, form=form)
    body = await response.get_data(as_text=True)
    return response.status_code, response.headers.get("Location", ""), body


async def get(client: QuartClient, path: str) -> tuple[int, str]:
    response = await client.get(path)
    return response.status_code, await response.get_data(as_text=True)


async def find(app: Quart, slug: str) -> Entity:
    async with app.app_context(), db.begin() as session:
        return await get_entity_by_slug(session, slug, seen_by=User())


async def test_a_stranger_is_led_to_the_login_and_back(client: QuartClient, admin: User) -> None:
    response = await client.get("/entities/?page=1")
    assert (response.status_code, response.headers["Location"]) == (
        303,
        "/auth/login?next=/entities/?page%3D1",
    )


async def test_new_site_is_added_and_shown(app: Quart, browser: QuartClient) -> None:
    assert (await send(browser, "/entities/new", **FORM))[:2] == (303, "/entities/my-site")

    status, page = await get(browser, "/entities/my-site")
    assert status == 200
    for text in ("My site was added.", "https://example.org/", "Two\nlines.", "Added by admin"):
        assert text in page
    entity = await find(app, "my-site")
    assert (entity.name, entity.url, entity.content) == tuple(FORM.values())


async def test_taken_name_is_an_error_beside_its_field(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    status, _, page = await send(browser, "/entities/new", **FORM)
    assert status == 422
    assert '<ul class="errors" id="name-errors">' in page
    assert "The name &#39;My site&#39; is taken." in page


async def test_site_that_can_never_be_asked_is_an_error_beside_its_field(
    app: Quart, browser: QuartClient
) -> None:
    wrong = FORM | {"url": "http://169.254.169.254/latest"}
    status, _, page = await send(browser, "/entities/new", **wrong)
    assert status == 422
    assert '<ul class="errors" id="url-errors">' in page
    assert "169.254.169.254 is not a public address." in page
    assert "CHECK_ALLOWED_NETWORKS" in page

    await send(browser, "/entities/new", **FORM | {"url": "http://127.0.0.1/"})
    app.config["CHECK_ALLOWED_NETWORKS"] = []  # what is kept already may stay
    changed = FORM | {"url": "http://127.0.0.1/", "content": "New"}
    assert (await send(browser, "/entities/my-site/edit", **changed))[0] == 303


async def test_equal_slugs_are_counted(app: Quart, browser: QuartClient, admin: User) -> None:
    await add_site(app, admin)
    changed = FORM | {"name": "My  site!"}
    assert (await send(browser, "/entities/new", **changed))[1] == "/entities/my-site-2"


async def test_a_site_called_new_does_not_hide_behind_the_form(browser: QuartClient) -> None:
    assert (await send(browser, "/entities/new", **FORM | {"name": "new"}))[1] == "/entities/new-2"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "   ", "This field is required."),
        ("name", "a" * 121, "Field must be between 1 and 120 characters long."),
        ("name", "a\u202eb", "Line breaks and direction marks are not allowed."),
        ("name", "a\x07b", "Control characters are not allowed."),
        ("url", "ftp://example.org/", "An address starts with http:// or https://"),
        ("url", "javascript:alert(1)", "An address starts with http:// or https://"),
        ("url", "http://user:pw@example.org/", "An address must not hold a user name"),
        ("url", "http://[", "This is not an address."),
        pytest.param("content", "a" * 10_001, "longer than 10000 characters.", id="long"),
    ],
)
async def test_wrong_field_says_so_and_keeps_what_was_typed(
    browser: QuartClient, field: str, value: str, message: str
) -> None:
    status, _, page = await send(browser, "/entities/new", **FORM | {field: value})
    assert status == 422
    assert message in page
    assert "Two\nlines." in page or field == "content"


async def test_missing_token_is_refused_and_nothing_written(
    app: Quart, browser: QuartClient
) -> None:
    response = await browser.post("/entities/new", form=FORM)
    assert response.status_code == 403
    assert "Nothing is watched yet." in (await get(browser, "/entities/"))[1]


async def test_form_of_another_site_is_refused(browser: QuartClient) -> None:
    form = FORM | {"csrf_token": await read_token(browser, "/entities/new")}
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = await browser.post("/entities/new", form=form, headers=headers)
    assert response.status_code == 403


async def test_missing_site_is_not_found(browser: QuartClient) -> None:
    for path in ("/entities/none", "/entities/none/edit", "/entities/none/remove"):
        status, page = await get(browser, path)
        assert status == 404
        assert "There is no entity &#39;none&#39;." in page


async def test_edit_changes_the_site_and_keeps_its_address(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    changed = FORM | {"name": "Other"}
    assert (await send(browser, "/entities/my-site/edit", **changed))[:2] == (
        303,
        "/entities/my-site",
    )
    assert (await find(app, "my-site")).name == "Other"


async def test_edit_to_a_taken_name_is_an_error_beside_its_field(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    await add_site(app, admin, "Other")
    status, _, page = await send(browser, "/entities/my-site/edit", **FORM | {"name": "Other"})
    assert status == 422
    assert "The name &#39;Other&#39; is taken." in page


async def test_remove_asks_first_then_removes_the_comments_too(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin, comments=2)
    status, page = await get(browser, "/entities/my-site/remove")
    assert (status, "Remove My site?" in page) == (200, True)
    assert (await send(browser, "/entities/my-site/remove"))[:2] == (303, "/entities/")
    assert (await get(browser, "/entities/my-site"))[0] == 404


async def test_remove_without_a_token_removes_nothing(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    response = await browser.post("/entities/my-site/remove")
    assert response.status_code == 403
    assert (await find(app, "my-site")).name == "My site"


async def test_someone_else_may_read_but_not_change(app: Quart, admin: User) -> None:
    await add_site(app, admin)
    async with app.app_context(), db.begin() as session:
        await add_person(session, "other")
    other = await sign_in(app.test_client(), "other")
    assert (await get(other, "/entities/my-site"))[0] == 200
    for path in ("/entities/my-site/edit", "/entities/my-site/remove"):
        assert (await get(other, path))[0] == 403
        assert (await send(other, path, **FORM))[0] == 403


async def test_comment_is_added_under_the_name_of_who_wrote_it(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    where = "/entities/my-site"
    assert (await send(browser, f"{where}/comments", where, body="<b>Hm</b>"))[:2] == (303, where)
    page = (await get(browser, where))[1]
    assert "<strong>admin</strong>" in page
    assert "&lt;b&gt;Hm&lt;/b&gt;" in page


async def test_empty_comment_is_an_error_beside_its_field(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    status, _, page = await send(
        browser, "/entities/my-site/comments", "/entities/my-site", body=""
    )
    assert (status, 'id="body-errors"' in page) == (422, True)


async def test_client_cannot_choose_the_site_of_a_comment(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin)
    await add_site(app, admin, "Other")
    other = await find(app, "other")
    where = "/entities/my-site"
    await send(browser, f"{where}/comments", where, body="mine", entity_id=str(other.id))
    assert "mine" in (await get(browser, where))[1]
    assert "mine" not in (await get(browser, "/entities/other"))[1]


@pytest.mark.parametrize("count", [1, 3])
async def test_show_costs_eighteen_statements_however_many_comments(
    app: Quart, browser: QuartClient, admin: User, count: int
) -> None:
    await add_site(app, admin, comments=count)
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        await browser.get("/entities/my-site")
    # The user and the site; where it stands (11), how fast it answered (3); events and comments.
    assert len([one for one in sent if one.startswith("SELECT")]) == 18


async def test_time_line_is_read_by_topic_and_back_to_its_begin(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin, comments=3)
    where = "/entities/my-site/timeline"
    app.config["PER_PAGE"] = 2
    first = (await get(browser, f"{where}?topic=comment"))[1]
    (older,) = re.findall(r'href="([^"]*before=[^"]*)" rel="next"', first)
    last = (await get(browser, older.replace("&amp;", "&")))[1]

    assert [page.count('<p class="text">') for page in (first, last)] == [2, 1]
    assert "Older" not in last
    assert "Nothing happened." in (await get(browser, f"{where}?topic=bug"))[1]


async def test_comments_stand_between_what_else_happened(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await add_site(app, admin, comments=1)
    await report(app, await find(app, "my-site"), admin, "Weak")
    await send(browser, "/entities/my-site/comments", "/entities/my-site", body="Then I said.")
    lines = {
        query: list_lines((await get(browser, f"/entities/my-site{query}"))[1])
        for query in ("", "?topic=bug", "?topic=comment", "?topic=usability", "/timeline")
    }

    assert lines == {
        "": ["Then I said.", "Weak", "comment 0"],
        "?topic=bug": ["Weak"],
        "?topic=comment": ["Then I said.", "comment 0"],
        "?topic=usability": [],
        "/timeline": ["Then I said.", "Weak", "comment 0"],
    }


def list_lines(page: str) -> list[str]:
    """Return what the time line of a page says, from its head."""
    found = re.findall(r'<p class="text">(.*?)</p>|<p><a [^>]*>(.*?)</a>', page)
    return [said or told for said, told in found if said or told in ("Weak",)]


@pytest.mark.parametrize("query", ["topic=weather", "before=x", "before=-1", f"before={9**30}"])
async def test_time_line_that_cannot_be_is_not_found(
    app: Quart, browser: QuartClient, admin: User, query: str
) -> None:
    await add_site(app, admin)
    assert (await get(browser, f"/entities/my-site/timeline?{query}"))[0] == 404
    assert (await get(browser, f"/entities/my-site?{query}"))[0] == 404
