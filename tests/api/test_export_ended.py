"""An export whose token or session ends while it is read."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.api import export as module
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services import export
from quartapp.services.export import Reading
from quartapp.services.people import disable_user
from quartapp.services.session import close_sessions, open_session
from quartapp.services.token import remove_tokens
from tests.api.helpers import add_site
from tests.api.test_export import LAST_CHUNK, fetch
from tests.helpers import add_person, make_bearer, sign_in
from tests.wire import serving

Work = Callable[[AsyncSession, User], Awaitable[object]]
ENDS: dict[str, Work] = {
    "token revoked": lambda session, user: remove_tokens(session, user, user),
    "user disabled": lambda session, user: disable_user(session, user, None),
    "another session ended": lambda session, user: close_sessions(session, user),
}


async def read_while(
    app: QuartApp, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], user: User, work: Work
) -> bytes:
    """Export five sites, two at a time; *work* is done before the second part is read."""
    monkeypatch.setattr(export, "PART", 2)
    for number in range(5):
        await add_site(app, None, f"Site {number}")
    reads = Reading.read_after

    async def read(self: Reading, session: Any, last: Any = None) -> list[Any]:
        rows = await reads(self, session, last)
        if last is None:
            async with db.begin() as other:
                await work(other, await other.get_one(User, user.id))
        return rows

    monkeypatch.setattr(Reading, "read_after", read)
    async with serving(app) as port:
        return await fetch(port, headers)


@pytest.mark.parametrize(
    ("kind", "pause", "is_whole"),
    [
        ("token revoked", 0.0, False),
        ("user disabled", 0.0, False),
        ("another session ended", 0.0, True),
        ("token revoked", 3600.0, True),
    ],
)
async def test_export_ends_with_the_token(
    fresh_app: QuartApp, monkeypatch: pytest.MonkeyPatch, kind: str, pause: float, is_whole: bool
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN", pause)
    async with fresh_app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        await open_session(session, ann)
        headers = await make_bearer(session, ann)
    data = await read_while(fresh_app, monkeypatch, headers, ann, ENDS[kind])

    found = data.endswith(LAST_CHUNK), data.count(b'"name": "Site')
    assert found == (is_whole, 5 if is_whole else 2)


async def test_export_ends_with_the_session(
    fresh_app: QuartApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "ASK_AGAIN", 0.0)
    async with fresh_app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
    async with fresh_app.test_client() as client:
        await sign_in(client, "ann")
        cookie = "; ".join(f"{one.name}={one.value}" for one in client.cookie_jar or ())
    data = await read_while(fresh_app, monkeypatch, {"Cookie": cookie}, ann, close_sessions)

    assert (data.endswith(LAST_CHUNK), data.count(b'"name": "Site')) == (False, 2)
    ended = [record for record in caplog.records if record.name == module.__name__]
    assert [record.getMessage() for record in ended] == [
        "An export broke off: what let its reader in has ended."
    ]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
