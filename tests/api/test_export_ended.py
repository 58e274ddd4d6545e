"""An export whose token or session ends while it is read."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.app import QuartApp
from quartapp.auth import streams
from quartapp.extensions import db
from quartapp.models import User
from quartapp.models.personal import SECTIONS
from quartapp.services import export
from quartapp.services.export import Reading
from quartapp.services.people import disable_user
from quartapp.services.session import close_sessions, open_session
from quartapp.services.token import remove_tokens
from tests.api.helpers import add_site
from tests.api.test_export import LAST_CHUNK, fetch
from tests.helpers import add_person, make_bearer, sign_in
from tests.wire import serving

SITES = "/api/v1/entities.ndjson"
PERSON = "/api/v1/users/me/data"
PAGE = "/account/data"
# What stands in each piece of an export, how often in all of it, and in what is before the end.
PIECES = {
    SITES: (b'"name": "Site', 5, 2),
    PERSON: (b'": [', len(SECTIONS), 1),
    PAGE: (b'": [', len(SECTIONS), 1),
}
Work = Callable[[AsyncSession, User], Awaitable[object]]
ENDS: dict[str, Work] = {
    "token revoked": lambda session, user: remove_tokens(session, user, user),
    "user disabled": lambda session, user: disable_user(session, user, None),
    "another session ended": lambda session, user: close_sessions(session, user),
}


async def read_while(
    app: QuartApp,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    user: User,
    work: Work,
    path: str,
) -> bytes:
    """Export five sites, two at a time, or a person; *work* is done once a part has been read."""
    monkeypatch.setattr(export, "PART", 2)
    for number in range(5):
        await add_site(app, None, f"Site {number}")
    reads = Reading.read_after

    async def read(self: Reading, session: Any, last: Any = None) -> list[Any]:
        rows = await reads(self, session, last)
        if last is None:
            async with app.app_context(), db.begin() as other:
                await work(other, await other.get_one(User, user.id))
        return rows

    monkeypatch.setattr(Reading, "read_after", read)
    async with serving(app) as port:
        return await fetch(port, headers, path)


def find_pieces(path: str, data: bytes) -> tuple[bool, int]:
    """Tell whether all of an export is there, and how many pieces of it."""
    return data.endswith(LAST_CHUNK), data.count(PIECES[path][0])


@pytest.mark.parametrize("path", [SITES, PERSON])
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
    fresh_app: QuartApp,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    kind: str,
    pause: float,
    is_whole: bool,
) -> None:
    monkeypatch.setattr(streams, "ASK_AGAIN", pause)
    async with fresh_app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        await open_session(session, ann)
        headers = await make_bearer(session, ann)
    data = await read_while(fresh_app, monkeypatch, headers, ann, ENDS[kind], path)

    _, whole, part = PIECES[path]
    assert find_pieces(path, data) == (is_whole, whole if is_whole else part)


@pytest.mark.parametrize("path", PIECES)
async def test_export_ends_with_the_session(
    fresh_app: QuartApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    monkeypatch.setattr(streams, "ASK_AGAIN", 0.0)
    async with fresh_app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
    async with fresh_app.test_client() as client:
        await sign_in(client, "ann")
        cookie = "; ".join(f"{one.name}={one.value}" for one in client.cookie_jar or ())
    given = {"Cookie": cookie}, ann, close_sessions, path
    data = await read_while(fresh_app, monkeypatch, *given)

    assert find_pieces(path, data) == (False, PIECES[path][2])
    ended = [record for record in caplog.records if record.name == streams.__name__]
    assert [record.getMessage() for record in ended] == [
        "An export broke off: what let its reader in has ended."
    ]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
