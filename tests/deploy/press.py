"""Somebody behind nginx who tells one answer from another."""

from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Event

from tests.deploy.conftest import Mirror

PUBLIC = "public, max-age=30, stale-while-revalidate=60"


class Press(ThreadingMixIn, UnixStreamServer):
    """Prints each page with a number of its own, and says of it what a test wants."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Printer)
        self.path = path
        self.asked: list[str] = []  # method, target and language of each request
        self.headers = {"Cache-Control": PUBLIC, "Vary": "Accept-Language"}
        self.status = "200 OK"
        self.may_print = Event()
        self.may_print.set()


class Printer(Mirror):
    server: Press

    def handle(self) -> None:
        head = self.read_head().decode()
        method, target, _ = head.split(" ", 2)
        self.server.asked.append(f"{method} {target} {find_language(head)}".rstrip())
        body = f"page {len(self.server.asked)}"
        self.server.may_print.wait(30)
        lines = {"Connection": "close", "Content-Length": str(len(body)), "X-Request-ID": "first"}
        text = "".join(
            f"{name}: {value}\r\n" for name, value in (lines | self.server.headers).items()
        )
        self.wfile.write(f"HTTP/1.1 {self.server.status}\r\n{text}\r\n{body}".encode())


def find_language(head: str) -> str:
    found = [line for line in head.splitlines() if line.lower().startswith("accept-language: ")]
    return found[0].partition(": ")[2] if found else ""
