"""Sites to look at, many on each loopback address, in a process that does nothing else.

`python -m benchmarks.farm PORT FILE`: each request is a line of FILE, "<time> <path>". Every tenth
site is another each time, every hundredth is slow, every thousandth answers 500.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import TextIO

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 251)]
SLOW = 3.0  # s
PAGE = (
    "<!doctype html><title>Site {name}</title><h1>Welcome</h1><p>{text}</p>" + "<p>More.</p>" * 50
)


class Site(asyncio.Protocol):
    log: TextIO

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.data = transport, b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        if b"\r\n\r\n" not in self.data:
            return
        name = self.data.split(b" ", 2)[1].decode().strip("/")
        self.log.write(f"{time.time():.6f} {name}\n")
        wait = SLOW if int(name) % 100 == 0 else 0.0
        asyncio.get_running_loop().call_later(wait, self.answer, name)

    def answer(self, name: str) -> None:
        text = str(time.time_ns()) if int(name) % 10 == 0 else "Always the same."
        body = PAGE.format(name=name, text=text).encode()
        status = "500 Broken" if int(name) % 1000 == 0 else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        self.transport.close()


async def serve(port: int, path: Path) -> None:
    with path.open("w", buffering=1 << 16) as Site.log:
        loop = asyncio.get_running_loop()
        for address in ADDRESSES:
            await loop.create_server(Site, address, port, backlog=512)
        while True:
            await asyncio.sleep(1)
            Site.log.flush()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
