"""Sites to look at, on one address, in a process that does nothing else.

`python -m tests.hosts.sites ADDRESS PORT FILE`: each request is a line of FILE, "<asker> <path>",
from when it comes; it is answered a second later, so that there is somebody at work to be cut off.
"""

import asyncio
import sys
from pathlib import Path

SECONDS = 1.0
BODY = b"<!doctype html><title>Site</title><p>Always the same.</p>"
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
)


async def serve(address: str, port: int, path: Path) -> None:
    with path.open("w", buffering=1) as log:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readuntil(b"\r\n\r\n")
            log.write(f"{writer.get_extra_info('peername')[0]} {request.split()[1].decode()}\n")
            await asyncio.sleep(SECONDS)
            writer.write(HEAD % len(BODY) + BODY)
            writer.close()

        server = await asyncio.start_server(answer, address, port)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
