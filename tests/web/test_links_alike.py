"""What is done for who asks for a link: as much for an address that is known as for others."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.limits import Limiter
from quartapp.limits.rules import RESET_BY_USER
from quartapp.models import Link, Purpose, User
from tests.helpers import queries, read_token
from tests.web.test_links import ANN, read_mails

NEW = "new@example.org"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"REGISTRATION": "open"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The limits that are asked, and the passwords that are hashed or compared."""
    asked: list[object] = []
    find_verdict = Limiter.find_verdict

    async def note(self: Limiter, rule: Any, key: str) -> Any:
        asked.append(rule)
        return await find_verdict(self, rule, key)

    def note_call(name: str) -> Callable[..., Any]:
        work = getattr(PasswordHasher, name)
        return lambda *given, **more: asked.append(name) or work(*given, **more)

    monkeypatch.setattr(Limiter, "find_verdict", note)
    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, note_call(name))
    return asked


async def count_work(
    app: Quart, client: QuartClient, email: str, asked: list[object]
) -> tuple[Counter[str], list[object]]:
    """Ask for a link; return the statements by what they begin with, and what else is asked."""
    async with app.app_context():
        engine = db.engine
    token = await read_token(client, "/auth/join")
    asked.clear()
    with queries(engine) as sent:
        response = await client.post("/auth/join", form={"email": email, "csrf_token": token})
    assert response.status_code == 202
    return Counter(text.split()[0] for text in sent), list(asked)


async def test_as_much_is_done_for_an_address_that_has_an_account(
    app: Quart, client: QuartClient, ann: User, asked: list[object]
) -> None:
    known, unknown = [await count_work(app, client, email, asked) for email in (ANN, NEW)]

    assert known == unknown
    assert (known[0]["INSERT"], known[1].count(RESET_BY_USER)) == (2, 1)
    assert [mail[:2] for mail in await read_mails(app)] == [
        (ANN, "You have an account"),
        (NEW, "Make your account"),
    ]
    async with app.app_context(), db.read() as session:
        links = await session.scalars(select(Link))
        assert [(link.purpose, link.email) for link in links] == [(Purpose.JOIN, NEW)]


async def test_as_much_is_done_for_who_gets_no_more_mail(
    app: Quart,
    client: QuartClient,
    ann: User,
    asked: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = await count_work(app, client, NEW, asked)
    await read_mails(app)

    async def refuse(self: Limiter, rule: Any, key: str) -> bool:
        await self.find_verdict(rule, key)
        return rule is not RESET_BY_USER

    monkeypatch.setattr(Limiter, "is_allowed", refuse)
    known = await count_work(app, client, ANN, asked)

    assert (known[0].total(), known[1]) == (unknown[0].total(), unknown[1])
    assert known[0]["INSERT"] == unknown[0]["INSERT"]
    assert await read_mails(app) == []
    await count_work(app, client, NEW, asked)
    assert [mail[0] for mail in await read_mails(app)] == [NEW]
