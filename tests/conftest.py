"""What every test gets: an app on a database of its own, a client, and one that is signed in."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from quart.testing import QuartClient
from werkzeug.routing import Rule

from quartapp import create_app, security
from quartapp.app import QuartApp
from quartapp.config import Config
from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.extensions import db
from quartapp.models import Base, Role, User
from quartapp.monitoring import lag
from tests.databases import create_database
from tests.helpers import add_person, make_bearer, sign_in
from tests.processes import Server, free_port

pytest_plugins = ["tests.servers", "tests.pair", "tests.observed", "tests.figures"]

# A busy machine is no frozen server; what is tested of the limits has them as they are.
PATIENT = {"DATABASE_TIMEOUT": 30}


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests that stay, each time it looks."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let what was captured pass from a process of the suite to another, whatever it is."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """Let no setting of the person who runs the suite reach it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*Config.model_fields, "APP_SETTINGS", "FLASK_CONFIG", "QUART_APP"]:
            patch.delenv(name, raising=False)
            patch.delenv(f"{name}_FILE", raising=False)
        # Sites of tests have names that are somebody's: no server of a test looks there unasked.
        patch.setenv("CHECKS_IN_WEB", "false")
        yield


@pytest.fixture(scope="session", autouse=True)
def _hash_fast() -> Iterator[None]:
    """Spend a thousandth of the time on passwords that guard nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _bear_a_busy_machine() -> Iterator[None]:
    """Let a look measure also when the tests beside it leave it little time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lag, "LIMIT", 30.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_routes_once() -> Iterator[None]:
    """Compile what builds a route's address once: an app of its own for each test costs little."""
    known: dict[object, Any] = {}
    compile_builder = Rule._compile_builder

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        key = rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compile_once)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "test.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    return migrate(create_database(postgres_server))


@pytest.fixture(scope="session")
def mariadb_url(mariadb_server: Server) -> str:
    return migrate(create_database(mariadb_server))


def migrate(url: str) -> str:
    """Bring a new database to this version, on a loop of its own."""

    async def work() -> None:
        engine = make_engine(parse_url(url))
        await upgrade(engine)
        await engine.dispose()

    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, work()).result()
    return url


@pytest.fixture
def database_kind() -> str:
    """SQLite; a folder whose tests run on every database says so in its own conftest."""
    return "sqlite"


@pytest.fixture
def database_url(
    database_kind: str, request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> str:
    if database_kind != "sqlite":
        return str(request.getfixturevalue(f"{database_kind}_url"))
    shutil.copy(sqlite_template, tmp_path / "test.db")
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def settings() -> dict[str, Any]:
    """What the app of a test, or of a folder, has besides."""
    return {}


@pytest.fixture
async def fresh_app(
    database_url: str, tmp_path: Path, settings: dict[str, Any]
) -> AsyncIterator[QuartApp]:
    """An app that is not started yet, on empty tables."""
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path, **PATIENT}
    app = create_app({"TESTING": True, **place, **settings})
    async with app.app_context():
        await empty_tables()
        engine = db.engine
    yield app
    await engine.dispose()


@pytest.fixture
async def app(fresh_app: QuartApp) -> AsyncIterator[QuartApp]:
    async with fresh_app.test_app():
        yield fresh_app


async def empty_tables() -> None:
    if db.engine.dialect.name != "sqlite":
        async with db.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                await connection.execute(table.delete())


@pytest.fixture
def client(app: QuartApp) -> QuartClient:
    """A stranger."""
    return app.test_client()


@pytest.fixture
async def admin(app: QuartApp) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "admin", role=Role.ADMIN)


@pytest.fixture
async def bearer(app: QuartApp, admin: User) -> dict[str, str]:
    """The headers of a program that calls the API as the administrator."""
    async with app.app_context(), db.begin() as session:
        return await make_bearer(session, admin)


@pytest.fixture
async def browser(app: QuartApp, admin: User) -> QuartClient:
    """A browser in which the administrator is signed in."""
    return await sign_in(app.test_client(), admin.name)


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    return free_port()
