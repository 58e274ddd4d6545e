"""Two versions of the code on one database, while docs/migrations.md renames a column."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from alembic import command
from quart.testing import QuartClient
from sqlalchemy import URL, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql import TableClause, column, table

from quartapp.app import QuartApp
from quartapp.database.engine import make_engine
from quartapp.models import User, utcnow
from quartapp.models.base import UtcDateTime
from tests.api.helpers import Api, add_site
from tests.conftest import migrate
from tests.database.migrating import configure, copy_scripts, write
from tests.helpers import list_revisions
from tests.papers import find_blocks, read_paper

EXPAND, MIGRATE, CONTRACT = find_blocks(read_paper("docs/migrations.md"), "python")


@pytest.fixture
def database_url(url: URL) -> str:
    """A database of its own, whose tables nobody else uses."""
    return migrate(write(url))


class Steps:
    """What the next releases do to the database, by the revisions of the paper."""

    def __init__(self, url: URL, folder: Path) -> None:
        self.scripts = copy_scripts(folder)
        self.config = configure(url, self.scripts)

    async def upgrade(self, text: str) -> None:
        name = text.partition('revision = "')[2].partition('"')[0]
        text = text.replace("0099_before", list_revisions()[-1])
        (self.scripts / "versions" / f"{name}.py").write_text(text)
        await asyncio.to_thread(command.upgrade, self.config, "head")

    async def undo(self) -> None:
        await asyncio.to_thread(command.downgrade, self.config, list_revisions()[-1])


@pytest.fixture
def steps(url: URL, tmp_path: Path) -> Steps:
    return Steps(url, tmp_path)


@pytest.fixture
async def elsewhere(url: URL, database_url: str) -> AsyncIterator[AsyncEngine]:
    """The engine of another process."""
    engine = make_engine(url)
    yield engine
    await engine.dispose()


class Release:
    """The code of a release in a process of its own, as far as it writes and reads comments."""

    def __init__(
        self, engine: AsyncEngine, site: int, writes: tuple[str, ...], reads: tuple[str, ...]
    ) -> None:
        self.engine, self.site, self.writes, self.reads = engine, site, writes, reads
        times = [column(name, UtcDateTime()) for name in ("created_at", "updated_at")]
        names = {"id", "entity_id", *writes, *reads}
        self.comment: TableClause = table("comment", *map(column, sorted(names)), *times)

    async def write(self, words: str) -> None:
        times = {"created_at": utcnow(), "updated_at": utcnow()}
        words_of = dict.fromkeys(self.writes, words)
        values = {"entity_id": self.site, **words_of, **times}
        async with self.engine.begin() as connection:
            await connection.execute(insert(self.comment).values(values))

    async def read(self) -> list[str]:
        columns = [self.comment.c[name] for name in self.reads]
        words = func.coalesce(*columns) if columns[1:] else columns[0]
        async with self.engine.connect() as connection:
            return list(await connection.scalars(select(words).order_by(self.comment.c.id)))


class Today:
    """The code of today, through its API."""

    def __init__(self, app: QuartApp, bearer: dict[str, str], site: int) -> None:
        self.api, self.path = Api(app, bearer), f"/entities/{site}/comments"

    async def write(self, words: str) -> None:
        assert await self.try_to_write(words) == 201

    async def try_to_write(self, words: str) -> int:
        return (await self.api("POST", self.path, json={"body": words}))[0]

    async def read(self) -> list[str]:
        words, path = [], f"{self.path}?per_page=100"
        while path:
            _, page = await self.api("GET", path)
            words += [comment["body"] for comment in page["items"]]
            path = (page["_links"].get("next") or "").removeprefix("/api/v1")
        return words


async def find_readiness(client: QuartClient) -> tuple[int, str]:
    response = await client.get("/readyz")
    return response.status_code, (await response.get_json()).get("reason", "")


async def test_column_is_renamed_while_two_versions_serve(
    app: QuartApp,
    client: QuartClient,
    admin: User,
    bearer: dict[str, str],
    elsewhere: AsyncEngine,
    steps: Steps,
) -> None:
    site = (await add_site(app, admin, "Example")).id
    today = Today(app, bearer, site)
    first = Release(elsewhere, site, writes=("body", "text"), reads=("text", "body"))
    second = Release(elsewhere, site, writes=("text",), reads=("text",))

    written = await write_during(today, steps.upgrade(EXPAND))
    written += await write_in_turn(today, first)
    assert await find_readiness(client) == (200, "")
    assert await today.read() == await first.read() == written

    await steps.upgrade(MIGRATE)
    written += await write_in_turn(first, second)
    assert await first.read() == await second.read() == written

    await steps.upgrade(CONTRACT)
    written += await write_in_turn(second)
    assert await second.read() == written
    said = "The database was migrated by a newer version; install that one."
    assert await find_readiness(client) == (503, said)

    await steps.undo()
    assert await today.read() == written


async def write_during(today: Today, work: Awaitable[None]) -> list[str]:
    """Write again and again until *work* is done; return what was answered by 201."""
    task, written = asyncio.ensure_future(work), []
    while len(written) < 100 and not (task.done() and written):
        words = f"meanwhile {len(written)}"
        if (status := await today.try_to_write(words)) == 201:
            written.append(words)
        assert status in (201, 503)  # while a busy machine keeps the table locked for long
        await asyncio.sleep(0.01)
    await task
    return written


async def write_in_turn(*codes: Today | Release) -> list[str]:
    """Let each write twice, and return what they wrote."""
    words = [f"by {type(code).__name__}, {number}" for number in range(2) for code in codes]
    for code, said in zip(codes * 2, words, strict=True):
        await code.write(said)
    return words
