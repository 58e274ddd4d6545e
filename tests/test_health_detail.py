"""What administrators are told at `/readyz`, and that nobody else is."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp import create_app, remote
from quartapp.app import QuartApp
from quartapp.database.migrations import VERSIONS
from quartapp.extensions import db
from quartapp.models import Role, Scope, User, utcnow
from quartapp.services.outbox import add_message
from tests.conftest import PATIENT, empty_tables
from tests.helpers import UNKNOWN_TOKEN, add_person, list_revisions, make_bearer, queries, sign_in
from tests.outage import frozen
from tests.processes import Server
from tests.servers import start_valkey
from tests.test_health import patient

READY = (200, {"status": "ready"})
Headers = dict[str, str]


async def ask(client: QuartClient, headers: Headers | None = None) -> tuple[int, dict[str, Any]]:
    response = await client.get("/readyz", headers=headers)
    return response.status_code, await response.get_json()


async def add_program(app: QuartApp, role: Role, scope: Scope) -> Headers:
    async with app.app_context(), db.begin() as session:
        person = await add_person(session, f"{role.value} {scope.value}", role=role)
        return await make_bearer(session, person, scope)


@pytest.fixture
async def program(app: QuartApp) -> Headers:
    return await add_program(app, Role.ADMIN, Scope.ADMIN)


def forget_time(body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* without how long the database took, which is looked at here."""
    database = body["database"]
    assert 0 < database.pop("ms") < 30_000
    return body


def describe(**given: Any) -> dict[str, Any]:
    head = list_revisions()[-1]
    state = "The database is at this version."
    return {
        "status": "ready",
        "draining": False,
        "database": {"reachable": True},
        "migration": {"state": state, "has": [head], "wants": [head]},
        "outbox": {"due": 0, "late": 0.0, "later": 0},
        "leases": {"alive": 0, "oldest_until": None},
        "redis": None,
        **given,
    }


async def test_administrator_is_told_all_by_session_and_by_token(
    browser: QuartClient, client: QuartClient, program: Headers
) -> None:
    for asker, headers in ((browser, {}), (client, program)):
        status, body = await ask(asker, headers)
        assert (status, forget_time(body)) == (200, describe())


@pytest.mark.parametrize(
    ("role", "scope"),
    [(Role.ADMIN, Scope.WRITE), (Role.ADMIN, Scope.READ), (Role.EDITOR, Scope.WRITE)],
)
async def test_program_without_the_right_is_told_what_all_are(
    app: QuartApp, client: QuartClient, role: Role, scope: Scope
) -> None:
    assert await ask(client, await add_program(app, role, scope)) == READY


async def test_editor_and_who_cannot_be_known_are_told_what_all_are(app: QuartApp) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob")
    bob = await sign_in(app.test_client(), "bob")
    strange: list[Headers] = [
        {"Authorization": f"Bearer {UNKNOWN_TOKEN}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": "quartapp=made.up; session=x"},
    ]

    found = [await ask(app.test_client(), headers) for headers in strange]

    assert [await ask(bob), *found] == [READY] * 5


async def test_administrator_who_is_none_any_more_is_told_what_all_are(
    app: QuartApp, client: QuartClient, program: Headers
) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(role=Role.EDITOR))

    assert await ask(client, program) == READY


async def test_stranger_is_not_looked_for(app: QuartApp, client: QuartClient) -> None:
    async with app.app_context():
        with queries(db.engine) as sent:
            await ask(client)

    assert [one.split()[0] for one in sent] == ["BEGIN", "PRAGMA", "SELECT"]
    assert "alembic_version" in sent[-1]


async def test_look_is_no_use_of_a_token(
    app: QuartApp, client: QuartClient, program: Headers
) -> None:
    """It must not wait for who writes, so it writes nothing."""
    async with app.app_context():
        with queries(db.engine) as sent:
            await ask(client, program)
    assert [one for one in sent if not one.startswith(("SELECT", "PRAGMA", "BEGIN"))] == []


async def test_work_that_waits_and_work_that_is_held_are_told(
    app: QuartApp, client: QuartClient, program: Headers
) -> None:
    now = utcnow()
    held = {"worker 1": [30, 20], "worker 2": [50]}
    async with app.app_context(), db.begin() as session:
        for number, (by, seconds) in enumerate(
            [("", 0), ("", 60), *((by, s) for by, ends in held.items() for s in ends)]
        ):
            mail = await add_message(
                session, recipient=f"a{number}@example.org", subject="", text="", html=""
            )
            mail.due_at, mail.claimed_by = now + timedelta(seconds=seconds), by or None

    _, body = await ask(client, program)

    late = body["outbox"].pop("late")
    assert 0 <= late < 30
    assert (body["outbox"], body["leases"]) == (
        {"due": 1, "later": 1},
        {"alive": 2, "oldest_until": (now + timedelta(seconds=30)).isoformat()},
    )


async def test_process_that_stops_tells_administrators_the_rest(
    app: QuartApp, client: QuartClient, program: Headers
) -> None:
    app.draining = True

    status, body = await ask(client, program)

    fault = {"status": "not ready", "reason": "This process is about to stop."}
    assert (status, forget_time(body)) == (503, describe(**fault, draining=True))


async def test_database_that_does_not_fit_is_told_with_both_revisions(
    app: QuartApp, client: QuartClient, program: Headers
) -> None:
    first, *_, last = list_revisions()
    async with app.app_context(), db.begin() as session:
        await session.execute(update(VERSIONS).values(version_num=first))

    status, body = await ask(client, program)

    state = "The database is behind this version; run: quartapp db upgrade"
    stands = {"state": state, "has": [first], "wants": [last]}
    fault = {"status": "not ready", "reason": state, "outbox": None, "leases": None}
    assert (status, forget_time(body)) == (503, describe(**fault, migration=stands))


async def test_redis_is_told_of_where_it_is_set(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path, "RATE_LIMITS": True}
    monkeypatch.setattr(remote, "ANSWER", 10.0)  # Redis is slow beside other tests
    with start_valkey() as server, patient():
        app = create_app({"TESTING": True, **place, "REDIS_URL": server.url})
        async with app.test_app():
            program, client = await add_program(app, Role.ADMIN, Scope.ADMIN), app.test_client()
            with monkeypatch.context() as patch:
                patch.setattr(remote, "PATIENCE", 10.0)
                found = [(await ask(client, program))[1]["redis"]]
            with frozen(server):
                found.append((await ask(client, program))[1]["redis"])

    assert found == [{"reachable": True}, {"reachable": False}]


async def test_frozen_database_knows_nobody_and_holds_nobody_up(
    postgres_url: str, postgres_server: Server, tmp_path: Path
) -> None:
    given = {"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": postgres_url}
    app = create_app(given | PATIENT)
    async with app.test_app():
        async with app.app_context():
            await empty_tables()
        client, program = app.test_client(), await add_program(app, Role.ADMIN, Scope.ADMIN)
        with patient():
            before = await ask(client, program)
        with frozen(postgres_server):
            async with asyncio.timeout(20):  # the database itself has 30 s
                during = await ask(client, program)
        with patient():
            after = await ask(client, program)

    reason = "The database has not answered for 2 s."
    assert during == (503, {"status": "not ready", "reason": reason})
    assert [forget_time(body) for _, body in (before, after)] == [describe(), describe()]
