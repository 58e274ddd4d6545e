"""What nginx keeps of status pages: for a second, for everybody, and nothing else."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Event, Thread

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from quartapp.models.user import LANGUAGES
from tests.deploy.conftest import Mirror, see
from tests.nginx import write_nginx
from tests.outside import Address, Connection, Reply, ask
from tests.processes import free_port
from tests.servers import start_nginx

PUBLIC = "public, max-age=30, stale-while-revalidate=60"
PRIVATE = ["no-store", "private, max-age=30", "no-cache", ""]


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
        self.server.may_print.wait(5)
        lines = {"Connection": "close", "Content-Length": str(len(body)), "X-Request-ID": "first"}
        text = "".join(
            f"{name}: {value}\r\n" for name, value in (lines | self.server.headers).items()
        )
        self.wfile.write(f"HTTP/1.1 {self.server.status}\r\n{text}\r\n{body}".encode())


def find_language(head: str) -> str:
    found = [line for line in head.splitlines() if line.lower().startswith("accept-language: ")]
    return found[0].partition(": ")[2] if found else ""


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    with Press(tmp_path / "press.sock") as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.may_print.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def kept(press: Press, tmp_path: Path) -> Iterator[Address]:
    """The address of nginx in front of the press."""
    port = free_port()
    write_nginx(tmp_path, port, [press.path])
    with start_nginx(tmp_path, port):
        press.asked.clear()  # of who asked whether nginx is up
        yield ("127.0.0.1", port)


def read_statuses(folder: Path) -> list[str]:
    """What the log says of the cache."""
    lines = (folder / "access.log").read_text().splitlines()
    return [found for line in lines if (found := json.loads(line)["cache"])]


def ask_until(question: Callable[[], Reply], body: str) -> Reply:
    """Ask until the answer is this: what was fetched behind a reader's back takes a moment."""
    deadline = time.monotonic() + 10
    while (reply := question()).body != body and time.monotonic() < deadline:
        time.sleep(0.05)
    return reply


# --- what is kept --------------------------------------------------------------------------------


def test_page_is_kept_for_a_second(kept: Address, press: Press, tmp_path: Path) -> None:
    pages = [ask(kept, "/status/").body for _ in range(3)]
    time.sleep(2.1)
    stale = ask(kept, "/status/").body
    fresh = ask_until(lambda: ask(kept, "/status/"), "page 2").body

    assert ([*pages, stale], fresh) == (4 * ["page 1"], "page 2")
    assert read_statuses(tmp_path)[:4] == ["MISS", "HIT", "HIT", "STALE"]


def test_answer_says_what_the_application_said(kept: Address) -> None:
    first, second = (ask(kept, "/status/", {"X-Request-ID": f"reader-{one}"}) for one in (1, 2))

    for reply in (first, second):
        assert (reply.headers["cache-control"], reply.headers["vary"]) == (
            PUBLIC,
            "Accept-Language",
        )
    assert [reply.headers["x-request-id"] for reply in (first, second)] == ["reader-1", "reader-2"]
    assert first.headers.keys() == second.headers.keys()


def test_many_readers_at_once_are_one_request(kept: Address, press: Press) -> None:
    press.may_print.clear()
    with ThreadPoolExecutor(45) as pool:
        waiting = [pool.submit(ask, kept, "/status/") for _ in range(45)]
        time.sleep(0.3)
        press.may_print.set()
        bodies = {one.result().body for one in waiting}

    assert (bodies, press.asked) == ({"page 1"}, ["GET /status/"])


def test_head_is_answered_from_what_get_has_brought(kept: Address, press: Press) -> None:
    connection = Connection(kept)
    head, page = (connection.ask("/status/", method=method) for method in ("HEAD", "GET"))
    connection.close()

    assert (head.status, head.body, page.body) == (200, "", "page 1")
    assert head.headers["content-length"] == "6"
    assert press.asked == ["GET /status/"]


@pytest.mark.parametrize("other", ["/status/?page=2", "/status/?", "/status/open", "/status//"])
def test_every_address_is_a_page_of_its_own(kept: Address, press: Press, other: str) -> None:
    pages = [ask(kept, target).body for target in ("/status/", other, "/status/", other)]

    assert pages == ["page 1", "page 2", "page 1", "page 2"]
    assert press.asked == ["GET /status/", f"GET {other}"]


def test_every_host_is_a_site_of_its_own(kept: Address) -> None:
    hosts = ["a.example", "b.example", "a.example:81", "a.example"]
    pages = [ask(kept, "/status/", {"Host": host}).body for host in hosts]

    assert pages == ["page 1", "page 2", "page 3", "page 1"]


# --- languages -----------------------------------------------------------------------------------


def test_every_language_is_a_page_of_its_own(kept: Address, press: Press) -> None:
    asked = ["ru", "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru,en-US;q=0.7,en;q=0.3", "zh-CN", "de"]
    pages = [ask(kept, "/status/", {"Accept-Language": one}).body for one in asked]

    assert pages == ["page 1", "page 1", "page 1", "page 2", "page 3"]
    assert press.asked == ["GET /status/ ru", "GET /status/ zh", "GET /status/ de"]


PLAIN = ["{0}", "{0}-XX", "{0}-XX,{0};q=0.9,ab;q=0.8", "{0},ab;q=0.5", "{0}-XX,{0};q=0.5"]
PLAIN += ["{0}-XX,{0};q=0.8,ab-XX;q=0.5,ab;q=0.3", "{0}-Xxxx-YY, {0};q=0.9, *;q=0.1"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", PLAIN)
def test_a_browser_gets_the_page_of_its_language(mirror: Address, language: str, form: str) -> None:
    seen = see(mirror, {"Accept-Language": form.format(language)}, "/status/")

    assert seen["accept-language"] == language


MIXED = ["ru,en", "ru,en;q=0.9", "ru-RU,en;q=0.9", "ru-RU,ru;q=0.5,en;q=0.9", "en-US,zh"]
MIXED += [
    "ru-RU,en;q=0.9,ru;q=0.8",
    "ru;q=0.5",
    "ru;q=0",
    "de,zh;q=0.1",
    "ru-RU,ru;q=0.9,en;q=0.95",
]
MIXED += ["ru,en;q=1.0", "*", "ru-RU,ru;q=0.8,en;q=0.8", "zh,ru;q=0.999", "rus", "enx,ru;q=0.1"]


@pytest.mark.parametrize("asked", MIXED)
def test_the_application_chooses_as_if_nginx_were_not_there(mirror: Address, asked: str) -> None:
    told = see(mirror, {"Accept-Language": asked}, "/status/")["accept-language"]
    elsewhere = see(mirror, {"Accept-Language": asked}, "/entities/")["accept-language"]

    assert choose(told) == choose(asked)
    assert elsewhere == asked


def choose(header: str) -> str | None:
    return parse_accept_header(header, LanguageAccept).best_match(LANGUAGES)


# --- what is not kept ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mine", [{"Cookie": "session=1"}, {"Authorization": "Bearer 1"}], ids=["cookie", "token"]
)
def test_who_shows_a_credential_neither_gets_nor_leaves_a_page(
    kept: Address, press: Press, mine: Mapping[str, str]
) -> None:
    pages = [ask(kept, "/status/", headers).body for headers in (mine, {}, mine, {})]

    assert pages == ["page 1", "page 2", "page 3", "page 2"]


def test_answer_with_a_cookie_is_not_kept(kept: Address, press: Press) -> None:
    press.headers["Set-Cookie"] = "session=1"

    assert [ask(kept, "/status/").body for _ in range(2)] == ["page 1", "page 2"]


@pytest.mark.parametrize("said", PRIVATE)
def test_what_is_not_public_is_not_kept(kept: Address, press: Press, said: str) -> None:
    press.headers["Cache-Control"] = said

    assert [ask(kept, "/status/").body for _ in range(2)] == ["page 1", "page 2"]


def test_only_what_is_found_is_kept(kept: Address, press: Press) -> None:
    press.status = "404 Not Found"

    assert [ask(kept, "/status/nothing").status for _ in range(2)] == [404, 404]
    assert len(press.asked) == 2


@pytest.mark.parametrize("path", ["/", "/entities/", "/api/v1/entities", "/status", "/statuses/"])
def test_no_other_page_is_kept(kept: Address, press: Press, path: str) -> None:
    assert [ask(kept, path).body for _ in range(2)] == ["page 1", "page 2"]


def test_what_changes_something_is_passed_on(kept: Address, press: Press) -> None:
    connection = Connection(kept)
    replies = [connection.ask("/status/", method="POST", body="x") for _ in range(2)]
    connection.close()

    assert [reply.body for reply in replies] == ["page 1", "page 2"]


# --- when no process answers ---------------------------------------------------------------------


@pytest.mark.parametrize("status", ["500 Error", "502 Bad", "503 Busy", "504 Late"])
def test_last_page_is_shown_while_the_application_fails(
    kept: Address, press: Press, status: str
) -> None:
    ask(kept, "/status/")
    press.status = status
    time.sleep(2.1)
    replies = [ask(kept, "/status/") for _ in range(3)]

    assert [(reply.status, reply.body) for reply in replies] == 3 * [(200, "page 1")]


def test_last_page_is_shown_while_nobody_serves(kept: Address, press: Press) -> None:
    ask(kept, "/status/")
    press.path.rename(press.path.with_suffix(".away"))
    time.sleep(2.1)
    page, other = ask(kept, "/status/"), ask(kept, "/status/other")

    assert (page.status, page.body, other.status) == (200, "page 1", 503)
