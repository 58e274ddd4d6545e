import json
import os

from quart import Quart
from sqlalchemy import text

from quartapp.extensions import db
from quartapp.models import Scope, User
from tests.api.helpers import Api
from tests.helpers import list_revisions, make_bearer


async def test_administrator_is_told_how_the_whole_does(
    app: Quart, head: Api, database_kind: str
) -> None:
    status, found = await head("GET", "/system")
    kind = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mariadb": "MariaDB"}[database_kind]
    assert (status, found["database"]["kind"]) == (200, kind)
    assert (found["is_current"], found["revision"]) == (True, list_revisions()[-1])
    assert found["migrations"] == "The database is at this version."
    assert (found["pool"], found["leases"]) == ({"used": 1, "size": 10}, [])
    empty = {"due": 0, "oldest_at": None, "late": 0.0, "later": 0}
    assert found["queues"] == [{"work": work, **empty} for work in ("looks", "mail", "telling")]
    assert found["process"]["id"] == os.getpid()
    assert found["disks"][0]["place"] == "instance"


async def test_database_that_is_behind_is_told(app: Quart, head: Api) -> None:
    before = list_revisions()[-2]
    async with app.app_context(), db.begin() as session:
        await session.execute(text(f"UPDATE alembic_version SET version_num = '{before}'"))
    try:
        _, found = await head("GET", "/system")
    finally:
        async with app.app_context(), db.begin() as session:
            latest = list_revisions()[-1]
            await session.execute(text(f"UPDATE alembic_version SET version_num = '{latest}'"))
    assert found["is_current"] is False
    assert found["migrations"].startswith("The database is behind this version")


async def test_no_secret_and_no_address_is_told(app: Quart, head: Api) -> None:
    _, found = await head("GET", "/system")
    said = json.dumps(found)
    url = app.config["DATABASE_URL"]
    for secret in (app.config["SECRET_KEY"], url, url.partition("://")[2], "password"):
        assert secret not in said


async def test_program_needs_the_scope_admin(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        writer = Api(app, await make_bearer(session, admin, Scope.WRITE))
    assert (await writer("GET", "/system"))[0] == 403
