"""Templates are rendered at once, by whichever of Quart's functions."""

from threading import get_ident

import pytest
from jinja2 import DictLoader
from quart import Blueprint, render_template, render_template_string, stream_template

from quartapp import rendering
from quartapp.app import QuartApp
from tests.small_app import make_small_app

PAGE = "{% macro show(name) %}<b>{{ name }}</b>{% endmacro %}{{ show(name) }} {{ wait() }}"


async def wait() -> None:
    raise AssertionError("it was awaited")


@pytest.fixture
def app() -> QuartApp:
    app = make_small_app()
    app.jinja_env.loader = DictLoader({"page.html": PAGE.replace(" {{ wait() }}", "")})
    return app


async def test_every_way_to_render_gives_the_same(app: QuartApp) -> None:
    async with app.app_context():
        whole = await render_template("page.html", name="<a>")
        parts = [part async for part in await stream_template("page.html", name="<a>")]
        loose = await render_template_string("{% include 'page.html' %}", name="<a>")

    assert whole == "".join(parts) == loose == "<b>&lt;a&gt;</b>"


@pytest.mark.filterwarnings("ignore:coroutine 'wait' was never awaited")
async def test_a_template_awaits_nothing(app: QuartApp) -> None:
    async with app.app_context():
        page = await render_template_string(PAGE, name="a", wait=wait)

    assert page.startswith("<b>a</b> &lt;coroutine object wait")


async def test_context_processors_run_where_they_are_called(app: QuartApp) -> None:
    def name_thread() -> dict[str, int]:
        return {"thread": get_ident(), "given": 1}

    async def name_again() -> dict[str, int]:
        return {"again": get_ident()}

    app.context_processor(name_thread)
    app.context_processor(name_again)
    async with app.app_context():
        page = await render_template_string("{{ thread }} {{ again }} {{ given }}", given=2)

    assert page == f"{get_ident()} {get_ident()} 2"


async def test_processors_of_a_blueprint_have_the_last_word(app: QuartApp) -> None:
    bp = Blueprint("one", __name__)
    app.context_processor(lambda: {"who": "app", "more": "app"})
    bp.context_processor(lambda: {"who": "blueprint"})

    @bp.get("/")
    async def show() -> str:
        return await render_template_string("{{ who }} {{ more }} {{ request.path }}")

    app.register_blueprint(bp)
    answer = await app.test_client().get("/")

    assert await answer.get_data(as_text=True) == "blueprint app /"


async def test_new_addresses_take_the_room_of_old_ones(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "MOST_ADDRESSES", 3)

    @app.get("/<int:number>")
    async def show(number: int) -> str:
        addresses = [app.url_for("show", number=number + step) for step in range(10)]
        return f"{addresses[0]} {addresses[-1]} {len(app.known_addresses)}"

    first, again = [await app.test_client().get("/7") for _ in range(2)]

    assert await first.get_data(as_text=True) == "/7 /16 1"
    assert await again.get_data(as_text=True) == "/7 /16 2"
