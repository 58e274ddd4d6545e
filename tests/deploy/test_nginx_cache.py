"""What nginx keeps of status pages: for a second, for everybody, and nothing else.

A second is little for a busy machine: where it is not what a test is about, it is a minute.
"""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from quartapp.models.user import LANGUAGES
from tests.deploy.conftest import see
from tests.deploy.press import PUBLIC, Press
from tests.nginx import write_nginx
from tests.outside import Address, Connection, ask
from tests.processes import PATIENCE, free_port
from tests.servers import start_nginx

MINUTE = {
    "proxy_cache_valid 200 1s;": "proxy_cache_valid 200 60s;",
    "proxy_cache_lock_timeout 1s;": "proxy_cache_lock_timeout 60s;",
}
PRIVATE = ["no-store", "private, max-age=30", "no-cache", ""]


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
    """The address of nginx in front of the press; it keeps pages for a minute."""
    port = free_port()
    write_nginx(tmp_path, port, [press.path])
    conf = tmp_path / "nginx.conf"
    text = conf.read_text()
    for shipped, patient in MINUTE.items():
        assert shipped in text
        text = text.replace(shipped, patient)
    conf.write_text(text)
    yield from serve(press, tmp_path, port)


@pytest.fixture
def kept_briefly(press: Press, tmp_path: Path) -> Iterator[Address]:
    """The same, as it is shipped."""
    port = free_port()
    write_nginx(tmp_path, port, [press.path])
    yield from serve(press, tmp_path, port)


def serve(press: Press, folder: Path, port: int) -> Iterator[Address]:
    with start_nginx(folder, port):
        press.asked.clear()  # of who asked whether nginx is up
        yield ("127.0.0.1", port)


def read_statuses(folder: Path) -> list[str]:
    """What the log says of the cache."""
    lines = (folder / "access.log").read_text().splitlines()
    return [found for line in lines if (found := json.loads(line)["cache"])]


def wait_for_statuses(folder: Path, count: int) -> list[str]:
    """Return them when so many are there; a line comes when all is done for a request."""
    deadline = time.monotonic() + PATIENCE
    while len(found := read_statuses(folder)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


# --- what is kept --------------------------------------------------------------------------------


def test_page_is_kept(kept: Address, tmp_path: Path) -> None:
    pages = [ask(kept, "/status/").body for _ in range(3)]

    assert pages == 3 * ["page 1"]
    assert wait_for_statuses(tmp_path, 3) == ["MISS", "HIT", "HIT"]


def test_page_is_kept_for_a_second(kept_briefly: Address, press: Press, tmp_path: Path) -> None:
    first = ask(kept_briefly, "/status/").body
    time.sleep(2.1)
    stale = ask(kept_briefly, "/status/").body
    statuses = wait_for_statuses(tmp_path, 2)  # by now it has been fetched
    fresh = ask(kept_briefly, "/status/").body

    assert [first, stale, fresh] == ["page 1", "page 1", "page 2"]
    assert statuses == ["MISS", "STALE"]


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
        wait_for_reader(press)
        time.sleep(0.3)  # for the others to ask as well
        press.may_print.set()
        bodies = {one.result().body for one in waiting}

    assert (bodies, press.asked) == ({"page 1"}, ["GET /status/"])


def wait_for_reader(press: Press) -> None:
    deadline = time.monotonic() + PATIENCE
    while not press.asked and time.monotonic() < deadline:
        time.sleep(0.01)


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
    kept_briefly: Address, press: Press, status: str
) -> None:
    ask(kept_briefly, "/status/")
    press.status = status
    time.sleep(2.1)
    replies = [ask(kept_briefly, "/status/") for _ in range(3)]

    assert [(reply.status, reply.body) for reply in replies] == 3 * [(200, "page 1")]


def test_last_page_is_shown_while_nobody_serves(kept_briefly: Address, press: Press) -> None:
    ask(kept_briefly, "/status/")
    press.path.rename(press.path.with_suffix(".away"))
    time.sleep(2.1)
    page, other = (ask(kept_briefly, f"/status/{name}") for name in ("", "other"))

    assert (page.status, page.body, other.status) == (200, "page 1", 503)
