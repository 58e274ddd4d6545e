import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from quart.testing import QuartClient
from sqlalchemy import text

from quartapp import create_app, health
from quartapp.app import QuartApp
from quartapp.extensions import db
from tests.conftest import PATIENT
from tests.outage import frozen
from tests.processes import Server


@contextmanager
def patient() -> Iterator[None]:
    """Let the database take its time to answer, which is no frozen one on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "PATIENCE", 30.0)
        yield


async def ask(client: QuartClient, path: str) -> tuple[int, dict[str, str]]:
    response = await client.get(path)
    return response.status_code, await response.get_json()


async def test_live_process_says_so(client: QuartClient) -> None:
    assert await ask(client, "/livez") == (200, {"status": "alive"})


async def test_who_looks_after_the_process_needs_no_name_of_it(app: QuartApp) -> None:
    app.config["TRUSTED_HOSTS"] = ["sites.example"]
    client = app.test_client()

    found = [
        (await client.get(path, headers={"Host": "10.0.0.7:8000"})).status_code
        for path in ("/livez", "/readyz", "/status/")
    ]

    assert found == [200, 200, 400]


async def test_ready_with_its_database_at_this_version(client: QuartClient) -> None:
    assert await ask(client, "/readyz") == (200, {"status": "ready"})


async def test_not_ready_when_about_to_stop(app: QuartApp, client: QuartClient) -> None:
    app.draining = True
    assert await ask(client, "/readyz") == (
        503,
        {"status": "not ready", "reason": "This process is about to stop."},
    )
    assert await ask(client, "/livez") == (200, {"status": "alive"})


async def test_not_ready_on_an_empty_database(tmp_path: Path) -> None:
    app = create_app(
        {"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": "sqlite:///test.db"}
    )
    async with app.test_app():
        status, body = await ask(app.test_client(), "/readyz")
    assert (status, body["reason"]) == (
        503,
        "The database has no tables yet; run: quartapp db upgrade",
    )


async def migrate_to_tomorrow(app: QuartApp, change: str) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(text(change))
        await session.execute(text("UPDATE alembic_version SET version_num = 'from tomorrow'"))


async def test_ready_on_a_newer_database_that_this_version_can_use(
    app: QuartApp, client: QuartClient
) -> None:
    await migrate_to_tomorrow(app, "ALTER TABLE comment ADD later TEXT")

    assert await ask(client, "/readyz") == (200, {"status": "ready"})


async def test_not_ready_on_a_newer_database_that_lacks_a_column(
    app: QuartApp, client: QuartClient
) -> None:
    await migrate_to_tomorrow(app, "ALTER TABLE comment DROP COLUMN body")

    reason = "The database was migrated by a newer version; install that one."
    assert await ask(client, "/readyz") == (503, {"status": "not ready", "reason": reason})


async def test_not_ready_without_a_database(tmp_path: Path, unused_port: int) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_port}/test"
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": url})
    async with app.test_app(), asyncio.timeout(5):
        status, body = await ask(app.test_client(), "/readyz")
        assert (status, body["reason"]) == (503, "The database is away; try again in a moment.")
        assert await ask(app.test_client(), "/livez") == (200, {"status": "alive"})


async def test_not_ready_while_the_database_is_frozen(
    postgres_url: str, postgres_server: Server, tmp_path: Path
) -> None:
    given = {"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": postgres_url}
    app = create_app(given | PATIENT)
    async with app.test_app():
        client = app.test_client()
        with patient():
            before = await ask(client, "/readyz")
        with frozen(postgres_server):
            async with asyncio.timeout(20):  # the database itself has 30 s
                during = await ask(client, "/readyz")
        with patient():
            after = await ask(client, "/readyz")

    reason = "The database has not answered for 2 s."
    assert [before, during, after] == [
        (200, {"status": "ready"}),
        (503, {"status": "not ready", "reason": reason}),
        (200, {"status": "ready"}),
    ]
