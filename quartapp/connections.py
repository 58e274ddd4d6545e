"""Hypercorn's connections, each of which ends with its client."""

import hypercorn.asyncio.run
from hypercorn.asyncio.tcp_server import TCPServer


class Connection(TCPServer):
    """Hypercorn's own waits for `keep_alive_timeout` where nobody is there to ask again.

    A client that closed an idle connection left its file open for 75 s: 14 of them a second, and
    there were none of the 1,024 that a process may have. This leans on names that are hypercorn's
    own; `tests/test_connections.py` holds what comes of it.
    """

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()


def end_with_clients() -> None:
    """Have hypercorn make connections of ours."""
    hypercorn.asyncio.run.TCPServer = Connection  # type: ignore[attr-defined]
