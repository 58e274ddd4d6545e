"""Every line of code in docs/from-flask.md runs."""

import ast
import traceback
from collections.abc import Awaitable, Callable
from functools import cache, partial
from inspect import iscoroutine
from typing import Any

import click
import pytest
from click.testing import CliRunner
from jinja2 import ChoiceLoader, DictLoader
from pydantic import BaseModel
from quart import Blueprint, render_template_string

from quartapp.app import QuartApp
from quartapp.auth import load_socket_user, load_user
from quartapp.config import DevelopmentConfig
from quartapp.configure import load_config
from quartapp.errors import AppError
from quartapp.extensions import db
from quartapp.models import Base, Role, User
from tests.helpers import add_person, make_bearer, read_token, sign_in
from tests.papers import check_command, find_blocks, find_tables, read_paper, split_sections

Names = dict[str, Any]

SECTIONS = split_sections(read_paper("docs/from-flask.md"))
WITHOUT_CODE = {"not yet", "no need"}
PORTED = [
    "Flask itself",
    "Flask-SQLAlchemy",
    "Flask-Migrate",
    "Flask-WTF",
    "Flask-Login",
    "Flask-RESTful",
    "Flask-CORS",
    "Flask-Script",
    "Flask-SocketIO",
    "Flask-Moment",
    "Flask-Babel",
    "flask-debugtoolbar",
    "Flask-Caching",
]
TEMPLATES = {
    "tag/new.html": '{% from "form-macros.html" import show_form %}{{ show_form(form, "Save") }}'
}
TABLES = [(title, table) for title, text in SECTIONS.items() for table in find_tables(text)]


@cache
def load_section(title: str) -> Names:
    """Run the blocks of a section, once, as a model can be declared only once."""
    names: Names = {"__name__": __name__}
    tables = set(Base.metadata.tables)
    for block in find_blocks(SECTIONS[title], "python"):
        exec(compile(block, title, "exec"), names)
    for name in set(Base.metadata.tables) - tables:
        Base.metadata.remove(Base.metadata.tables[name])
    return names


async def prepare(app: QuartApp, title: str) -> Names:
    """Put what a section declares into *app*, and return the names that it knows."""
    async with app.app_context(), db.begin() as session:
        await add_person(session, "admin", role=Role.ADMIN)
    async with app.app_context():
        await db.engine.dispose()  # not every test starts the app, which would do that at its end
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, DictLoader(TEMPLATES)])
    names = {"app": app, "sign_in": sign_in, **load_section(title)}
    if "bp" in names:
        app.register_blueprint(names["bp"])
    return names


# --- rows ----------------------------------------------------------------------------------------


def test_each_extension_has_its_section() -> None:
    assert list(SECTIONS) == PORTED


@pytest.mark.parametrize(
    ("title", "table"), TABLES, ids=[f"{title}, {table.head[1]}" for title, table in TABLES]
)
async def test_every_row_runs(
    fresh_app: QuartApp, title: str, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [row[1].strip("`") for row in table.rows if row[1] not in WITHOUT_CODE]
    names = await prepare(fresh_app, title)

    await RUNNERS[table.head[1]](fresh_app, names, lines, monkeypatch)


async def run_lines(lines: list[str], names: Names) -> None:
    for line in lines:
        code = compile(line, line, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if line.startswith("raise "):
            with pytest.raises(AppError):
                exec(code, names)
        elif iscoroutine(waiting := eval(code, names)):
            await waiting


async def run_in_test(app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    async with app.test_app(), app.app_context():
        await run_lines(lines, names)


async def run_in_view(app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    await call_as_admin(app, partial(run_lines, lines, names))


async def run_in_template(app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    async def render() -> None:
        form = await names["TagForm"].read() if "TagForm" in names else None
        for line in lines:
            assert await render_template_string(line, form=form)

    await call_as_admin(app, render)


async def call_as_admin(app: QuartApp, work: Callable[[], Awaitable[None]]) -> None:
    """Do *work* in a view that a browser calls in which the administrator is signed in."""
    bp = Blueprint("rows", __name__)
    bp.before_request(load_user)

    @bp.post("/rows")
    async def rows() -> str:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (the answer shows it)
            return "".join(traceback.format_exception(error))
        return "done"

    app.register_blueprint(bp)
    async with app.test_app():
        client = await sign_in(app.test_client(), "admin")
        form = {"name": "a", "csrf_token": await read_token(client, "/entities/new")}
        response = await client.post("/rows", form=form)
        assert await response.get_data(as_text=True) == "done"


async def run_in_socket(app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    bp = Blueprint("rows", __name__)
    bp.before_websocket(load_socket_user)
    bp.add_websocket("/rows", view_func=partial(run_lines, lines, names), endpoint="rows")
    app.register_blueprint(bp)
    async with app.test_app():
        headers = await find_bearer(app)
        async with app.test_client().websocket("/rows", headers=headers) as socket:
            await socket.send("a message")
            await socket.send('{"a": "message"}')
            heard = [await socket.receive(), await socket.receive()]

    assert heard == ['{"id": 1, "type": "news"}', "text"]


async def find_bearer(app: QuartApp) -> dict[str, str]:
    async with app.app_context(), db.begin() as session:
        return await make_bearer(session, await session.get_one(User, 1))


async def run_in_command(_app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    @click.command
    def rows() -> None:
        for line in lines:
            exec(line, names)

    result = CliRunner().invoke(rows, input="Ann\ncorrect horse\ny\nup\n", catch_exceptions=False)
    found = (names["name"], names["password"], names["is_sure"], names["state"])

    assert (result.exit_code, found) == (0, ("Ann", "correct horse", True, "up"))


async def run_in_schema(_app: QuartApp, names: Names, lines: list[str], _: object) -> None:
    for line in lines:
        exec(f"class Row(BaseModel):\n    {line}", names := {**names, "BaseModel": BaseModel})
        assert len(names["Row"].model_json_schema()["properties"]) == 1


async def run_as_setting(
    app: QuartApp, _names: Names, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_PATH", app.instance_path)
    monkeypatch.setenv("SECRET_KEY", "x" * 32)
    before = load_config(DevelopmentConfig)
    for line in lines:
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
        assert load_config(DevelopmentConfig)[name] != before[name]


async def run_at_prompt(app: QuartApp, _names: Names, lines: list[str], _: object) -> None:
    for line in lines:
        check_command(line, app)


RUNNERS: dict[str, Callable[..., Awaitable[None]]] = {
    "here, in a view": run_in_view,
    "here, in a template": run_in_template,
    "here, in a test": run_in_test,
    "here, in a web socket": run_in_socket,
    "here, in a command": run_in_command,
    "here, in a schema": run_in_schema,
    "here, a setting": run_as_setting,
    "here, at the prompt": run_at_prompt,
}
