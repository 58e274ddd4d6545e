"""The name server of the test, asked as workers ask it."""

import asyncio
import socket

import pytest

from tests.chaos import names
from tests.chaos.names import Mood, look_up, serve_names

pytestmark = pytest.mark.chaos
ROW = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.1.0.7", 80))


@pytest.mark.parametrize(
    ("name", "mood", "code"),
    [
        ("else.test", Mood.WELL, socket.EAI_NONAME),
        ("site.test", Mood.FAILING, socket.EAI_AGAIN),
        ("site.test", Mood.SILENT, socket.EAI_AGAIN),
    ],
)
async def test_name_is_not_found(
    name: str, mood: Mood, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mood is Mood.SILENT:
        monkeypatch.setattr(names, "SECONDS", 0.1)
    async with serve_names({"site.test": "127.1.0.7"}.get) as server:
        monkeypatch.setenv(names.PORT, str(server.port))
        server.mood = mood

        with pytest.raises(socket.gaierror) as raised:
            await asyncio.to_thread(look_up, name, 80)

    assert raised.value.errno == code


async def test_name_leads_to_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_names({"site.test": "127.1.0.7"}.get) as server:
        monkeypatch.setenv(names.PORT, str(server.port))

        assert await asyncio.to_thread(look_up, "site.test", 80) == [ROW]
