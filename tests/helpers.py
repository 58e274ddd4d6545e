"""What tests share: people, forms, revisions, and a look at the statements."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
from cryptography.fernet import MultiFernet
from quart.testing import QuartClient
from sqlalchemy import event, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.database.migrations import load_scripts
from quartapp.models import Role, Scope, SecondFactor, User
from quartapp.models.second_factor import make_secret
from quartapp.security import hash_password
from quartapp.services.second_factor import add_second_factor
from quartapp.services.token import add_token
from quartapp.services.user import add_user

KINDS = ["sqlite", "postgres", "mariadb"]  # of databases
PASSWORD = "correct horse battery"
UNKNOWN_TOKEN = "qa_" + 43 * "k" + "5f880627"  # spelt right, and nobody's
_hashes: dict[str, str] = {}


async def add_person(session: AsyncSession, name: str, *, role: Role = Role.EDITOR) -> User:
    """Add a user whose password is PASSWORD, hashed once for all tests."""
    if PASSWORD not in _hashes:
        _hashes[PASSWORD] = await hash_password(PASSWORD)
    return await add_user(session, name=name, password_hash=_hashes[PASSWORD], role=role)


async def make_bearer(
    session: AsyncSession, user: User, scope: Scope = Scope.WRITE
) -> dict[str, str]:
    """Return the headers of a program that calls the API as *user*."""
    secret, _ = await add_token(session, user, "test", scope=scope)
    return {"Authorization": f"Bearer {secret}"}


async def read_token(client: QuartClient, path: str) -> str:
    """Return the CSRF token of the form on a page."""
    page = await (await client.get(path)).get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert found, page
    return found[1]


async def sign_in(client: QuartClient, name: str) -> QuartClient:
    token = await read_token(client, "/auth/login")
    form = {"name": name, "password": PASSWORD, "csrf_token": token}
    response = await client.post("/auth/login", form=form)
    assert response.status_code == 303, await response.get_data(as_text=True)
    return client


async def add_factor(session: AsyncSession, user: User, box: MultiFernet) -> tuple[str, list[str]]:
    """Turn the second factor of *user* on; return its secret, none of whose codes is used."""
    secret = make_secret()
    codes = await add_second_factor(session, user, secret, make_code(secret), box=box)
    await session.execute(update(SecondFactor).values(last_step=0))
    return secret, codes


def make_code(secret: str, later: int = 0) -> str:
    """Return what the app shows now, or so many steps later."""
    return pyotp.TOTP(secret).at(time.time(), counter_offset=later)


def list_revisions() -> list[str]:
    """Return the revisions of the code, from the first to the latest."""
    return [script.revision for script in load_scripts().walk_revisions()][::-1]


@contextmanager
def queries(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the statements that the block sends to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
