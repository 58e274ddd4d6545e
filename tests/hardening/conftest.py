"""Apps for state machines and for what hurts, and servers that stand up to worse."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from quartapp import create_app
from quartapp.extensions import db
from quartapp.serve import SERVERS
from tests.conftest import PATIENT
from tests.hardening.emptying import empty_database
from tests.hardening.ground import Ground
from tests.hardening.noting import note_names
from tests.hardening.readying import METRICS, METRICS_TOKEN
from tests.hardening.standing import Stand, standing
from tests.hardening.twins import Pair, Twin
from tests.security.expectations import ROUTES, route
from tests.security.world import World


@pytest.fixture
def ground(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path, **PATIENT}
    ground = Ground(create_app({"TESTING": True, **place}), monkeypatch)
    yield ground
    ground.close()


@pytest.fixture
async def pair_of_apps(
    sqlite_template: Path, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    monkeypatch.setitem(ROUTES, METRICS, route(get="anyone"))  # it has a login of its own
    shutil.copy(sqlite_template, tmp_path / "test.db")
    urls = {"sqlite": f"sqlite:///{tmp_path / 'test.db'}", "postgres": postgres_url}
    async with AsyncExitStack() as stack:
        twins = {kind: await start_twin(stack, url, tmp_path) for kind, url in urls.items()}
        yield Pair(twins)


async def start_twin(stack: AsyncExitStack, url: str, folder: Path) -> Twin:
    place = {"DATABASE_URL": url, "INSTANCE_PATH": folder, "METRICS_TOKEN": METRICS_TOKEN}
    app = create_app({"TESTING": True, **place, **PATIENT})
    note_names(app)
    async with app.app_context():
        await empty_database()
        stack.push_async_callback(db.engine.dispose)
    await stack.enter_async_context(app.test_app())  # type: ignore[arg-type]
    return Twin(app, World(app))


@pytest.fixture(scope="module")
def hardened_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("hardened") / "test.db"
    shutil.copy(sqlite_template, path)
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module", params=SERVERS)
def stand(
    nursery: Path,
    hardened_database: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Stand]:
    with standing(nursery, request.param, hardened_database, tmp_path_factory.mktemp("s")) as one:
        yield one
