"""A site for every loopback address, as cheap as can be: `python -m benchmarks.one_page PORT`."""

import asyncio
import sys
from typing import cast

import uvloop

BODY = b"<!doctype html><title>Site</title><h1>Welcome</h1>" + b"<p>More of the same.</p>\n" * 40
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
ANSWER = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


class Site(asyncio.Protocol):
    """Answers every request alike, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        if self.data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)
            self.transport.close()


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Site, "0.0.0.0", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
