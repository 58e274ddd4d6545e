"""Views and parts of pages: each reader gets what is theirs."""

import asyncio
from typing import Any

import pytest
from quart import Blueprint, Response, make_response, render_template_string, session
from quart.testing import QuartClient

from quartapp.app import QuartApp
from quartapp.auth import find_user, load_user, make_csrf_token
from quartapp.cache import Sight
from quartapp.extensions import cache, db
from quartapp.models import User
from tests.helpers import make_bearer

made: list[str] = []


def print_page() -> str:
    user = find_user()
    made.append(user.name if user else "stranger")
    return f"{made[-1]} {len(made)}"


bp = Blueprint("kept", __name__, url_prefix="/kept")
bp.before_request(load_user)


@bp.get("/mine")
@cache.cached(60)
async def mine() -> str:
    return print_page()


@bp.route("/ours", methods=["GET", "POST"])
@cache.cached(60, visible_to=Sight.EVERYONE)
async def ours() -> tuple[str, dict[str, str]]:
    return print_page(), {"X-Own": "1"}


@bp.get("/named/<int:number>")
@cache.cached(60, key="named:{number}", tags=("number:{number}",), visible_to=Sight.EVERYONE)
async def named(number: int) -> str:
    await asyncio.sleep(0.05)
    return print_page()


@bp.get("/form")
@cache.cached(60)
async def form() -> str:
    return f"{print_page()} {make_csrf_token()}"


@bp.get("/refused/<kind>")
@cache.cached(60, visible_to=Sight.EVERYONE)
async def refused(kind: str) -> Any:
    response = await make_response(print_page(), 404 if kind == "missing" else 200)
    if kind == "cookie":
        assert isinstance(response, Response)
        response.set_cookie("a", "b")
    if kind == "private":
        response.headers["Cache-Control"] = "private"
    if kind == "session":
        session["a"] = "b"
    return response


@bp.get("/part")
async def part() -> str:
    return await render_template_string(
        "{% cache 60, 'a', 1 %}{{ page() }}{{ '<' }}{% endcache %} "
        "{% cache 60, 'b', for_everyone %}{{ page() }}{% endcache %}",
        page=print_page,
    )


@pytest.fixture(autouse=True)
def _pages(fresh_app: QuartApp) -> None:
    made.clear()
    fresh_app.register_blueprint(bp)


async def read(client: QuartClient, path: str, **headers: str) -> str:
    response = await client.get(f"/kept/{path}", headers=headers)
    return str(await response.get_data(as_text=True))


async def test_each_asker_has_a_page_of_their_own(
    app: QuartApp, client: QuartClient, browser: QuartClient, admin: User
) -> None:
    async with app.app_context(), db.begin() as row:
        token = await make_bearer(row, await row.get_one(User, admin.id))
    program = app.test_client()
    pages = [await read(one, "mine") for one in (client, browser, client, browser)]
    pages.append((await (await program.get("/kept/mine", headers=token)).get_data()).decode())

    assert pages[:4] == ["stranger 1", "admin 2", "stranger 1", "admin 2"]
    assert pages[4] != "admin 2"


async def test_page_for_everyone_is_the_one_of_a_stranger(
    client: QuartClient, browser: QuartClient
) -> None:
    pages = [await read(one, "ours") for one in (client, browser, client)]

    assert pages == 3 * ["stranger 1"]


async def test_who_is_signed_in_does_not_show_it_to_everyone(
    client: QuartClient, browser: QuartClient
) -> None:
    pages = [await read(one, "ours") for one in (browser, client)]

    assert [page.split()[0] for page in pages] == ["stranger", "stranger"]


async def test_answer_comes_back_whole(client: QuartClient) -> None:
    first, again = [await client.get("/kept/ours") for _ in range(2)]
    head = await client.head("/kept/ours")

    assert again.headers["X-Own"] == first.headers["X-Own"] == "1"
    assert again.headers.getlist("Content-Type") == ["text/html; charset=utf-8"]
    assert (again.status_code, head.status_code, made) == (200, 200, ["stranger"])


async def test_addresses_and_languages_are_pages_of_their_own(client: QuartClient) -> None:
    asked = [("ours", "en"), ("ours?a=1", "en"), ("ours", "ru"), ("ours", "en-US"), ("ours", "ru")]
    pages = [await read(client, path, **{"Accept-Language": one}) for path, one in asked]

    assert pages == [f"stranger {number}" for number in (1, 2, 3, 1, 3)]


async def test_what_changes_something_is_done_each_time(client: QuartClient) -> None:
    pages = [await (await client.post("/kept/ours")).get_data() for _ in range(2)]

    assert pages == [b"stranger 1", b"stranger 2"]


async def test_named_page_is_made_once_until_its_tag_is_forgotten(
    app: QuartApp, client: QuartClient
) -> None:
    asked = [read(app.test_client(), f"named/7?a={number}") for number in range(20)]
    pages = set(await asyncio.gather(*asked))
    async with app.app_context():
        await cache.forget("number:8")
        kept = await read(client, "named/7")
        await cache.forget("number:7")

    assert (pages, kept, await read(client, "named/7")) == (
        {"stranger 1"},
        "stranger 1",
        "stranger 2",
    )


async def test_form_of_one_stranger_is_shown_to_no_other(app: QuartApp) -> None:
    first, second = app.test_client(), app.test_client()
    pages = [await read(one, "form") for one in (first, first, second, first)]

    assert [page.split()[1] for page in pages] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["cookie", "missing", "private", "session"])
async def test_what_is_one_readers_alone_is_not_kept(app: QuartApp, kind: str) -> None:
    asked = [read(app.test_client(), f"refused/{kind}") for _ in range(5)]

    assert len(set(await asyncio.gather(*asked))) == 5


async def test_parts_of_a_page_are_kept_for_those_who_may_see_them(
    client: QuartClient, browser: QuartClient
) -> None:
    pages = [await read(one, "part") for one in (client, browser, client)]

    assert pages[0] == pages[2] == "stranger 1&lt; stranger 2"
    assert pages[1] == "admin 3&lt; stranger 2"


def test_page_of_a_user_is_refused() -> None:
    with pytest.raises(ValueError, match="say ASKER"):
        cache.cached(visible_to=Sight.USER)
