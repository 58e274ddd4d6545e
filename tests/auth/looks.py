"""What the watcher of sockets finds when it looks at the database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from quartapp.app import QuartApp
from quartapp.asgi.wrappers import Websocket
from quartapp.auth import sockets


@contextmanager
def noting_looks(socket: Websocket) -> Iterator[list[tuple[float, bool]]]:
    """Note when each whole look began, and whether it has let go of *socket*, or one before had."""
    looks: list[tuple[float, bool]] = []
    close_ended = sockets.close_ended

    async def look(app: QuartApp) -> None:
        began = time.monotonic()
        await close_ended(app)
        looks.append((began, socket.asker is None))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sockets, "close_ended", look)
        yield looks
