"""Each answer of each route is worth an A+ of the MDN HTTP Observatory, whatever it says."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from quart import Quart
from quart.testing.connections import WebsocketResponseError
from sqlalchemy.exc import OperationalError
from werkzeug.routing import Rule

from quartapp.app import QuartApp
from quartapp.web.static import FOLDER, make_hashed_name
from tests.hardening.looking import Book, LookingClient, note_response
from tests.security.asking import SAFE, Sending, find_rules, find_things, prepare, send
from tests.security.world import World
from tests.test_error_handlers import make_locked

pytestmark = pytest.mark.headers

OURS = {"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"}
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"]
BIG = b"x" * (10 * 1024 * 1024)
PARTS = 4  # of the routes, as one test has three minutes
Record = Callable[[str, object], None]


@pytest.fixture
def settings() -> dict[str, Any]:
    """The settings of production that an answer depends on."""
    secure = {"SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_NAME": "__Host-session"}
    quiet = {"LOG_LEVEL": "CRITICAL"}  # hundreds of tracebacks take their time
    return {**secure, **quiet, "PUBLIC_URL": "https://localhost", "METRICS_TOKEN": "m" * 40}


@pytest.fixture
def book(fresh_app: QuartApp) -> Book:
    """What all clients of the application are told."""
    book = Book()
    kind = type("Client", (LookingClient,), {"book": book})
    fresh_app.test_client_class = kind  # type: ignore[assignment]
    fresh_app.config["PROPAGATE_EXCEPTIONS"] = False
    return book


def find_routes(app: Quart) -> list[Rule]:
    return [
        rule for rule in find_rules(app) if rule.endpoint != "metrics.show" and not rule.websocket
    ]


# --- what each route says ------------------------------------------------------------------------


async def ask_all_ways(world: World, rule: Rule) -> None:
    """Ask as an administrator's program would, for what is there, is for all, and is not there."""
    own = set(rule.methods or ())
    for thing in [one for one in find_things(rule) if one != "foreign"]:
        for method in sorted(own, key=lambda method: (method not in SAFE, method)):
            sending = await prepare(world, rule, "full", thing)
            token = "" if method in SAFE else await sending.asker.find_csrf_token()
            await send(sending, method, token, OURS)
            if method not in SAFE:
                world.end()


async def ask_wrong_ways(world: World, rule: Rule) -> None:
    """Ask by methods that are not there, and as somebody without a token for the form."""
    sending = await prepare(world, rule, "anonymous", find_things(rule)[0])
    for method in METHODS:
        await sending.asker.client.open(sending.path, method=method)


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_answer_of_every_route_is_guarded(
    app: QuartApp, book: Book, record_property: Record, part: int
) -> None:
    world = World(app)
    for rule in find_routes(app)[part::PARTS]:
        await ask_all_ways(world, rule)
        await ask_wrong_ways(world, rule)

    assert book.find_weak() == []
    assert {200, 303, 401, 404, 405} <= set(book.count_statuses())
    record_property(f"headers: answers of all routes, part {part + 1}", len(book.answers))


async def test_public_page_of_a_thing_is_among_the_answers(app: Quart, book: Book) -> None:
    """Which its own page is not: what is nobody else's to see is missing from it."""
    rules = [rule for rule in find_routes(app) if rule.endpoint.startswith("status.")]
    for rule in rules:
        await ask_all_ways(World(app), rule)

    adapter = app.url_map.bind("localhost")
    paths = {path for how, path, status, _ in book.answers if (how, status) == ("GET", 200)}
    seen = {adapter.match(path, return_rule=True)[0].rule for path in paths}
    assert seen == {rule.rule for rule in rules}


async def test_refused_sockets_are_guarded(app: QuartApp, book: Book) -> None:
    world = World(app)
    for rule in find_rules(app):
        if rule.websocket:
            sending = await prepare(world, rule, "anonymous", find_things(rule)[0])
            await note_refusal(book, sending)

    assert book.find_weak() == []
    assert book.count_statuses().total() >= 2


async def note_refusal(book: Book, sending: Sending) -> None:
    with pytest.raises(WebsocketResponseError) as caught:
        async with sending.asker.client.websocket(sending.path, headers=OURS, scheme="wss") as ws:
            await ws.receive()
    await note_response(book, "GET", sending.path, caught.value.response)


# --- what goes wrong -----------------------------------------------------------------------------


async def ask_each(app: QuartApp, methods: set[str] | None = None, **options: Any) -> None:
    """Ask each route once by each method of its own, or by those, as an administrator's program."""
    world = World(app)
    asking = options.pop("headers", {})
    for rule in find_routes(app):
        sending = await prepare(world, rule, "full", find_things(rule)[0])
        headers = {**asking, **sending.asker.headers}
        own = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        for method in sorted(own & (methods or own)):
            await sending.asker.client.open(sending.path, method=method, headers=headers, **options)


def fail_all(app: QuartApp, error: Exception) -> None:
    async def fail(**_: object) -> NoReturn:
        raise error

    for endpoint in app.view_functions:
        app.view_functions[endpoint] = fail


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("broken"), 500), (make_locked(), 503)], ids=["500", "503"]
)
async def test_failures_are_guarded(
    app: QuartApp, book: Book, error: Exception, status: int
) -> None:
    fail_all(app, error)
    await ask_each(app)

    assert book.find_weak() == []
    assert set(book.count_statuses()) == {status}


async def test_what_is_too_large_is_refused_and_guarded(app: QuartApp, book: Book) -> None:
    await ask_each(app, {"POST", "PUT", "PATCH"}, data=BIG)

    assert book.find_weak() == []
    assert book.count_statuses()[413] >= 20


async def test_refusals_of_a_busy_process_are_guarded(app: QuartApp, book: Book) -> None:
    app.config["MAX_IN_FLIGHT"] = 0
    await ask_each(app)

    assert book.find_weak() == []
    assert book.count_statuses()[503] > 200


async def test_failure_outside_of_handlers_is_guarded(
    app: QuartApp, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> NoReturn:
        raise OperationalError("SELECT 1", {}, Exception("broken"))

    monkeypatch.setattr(app, "handle_request", fail)
    for path in ("/", "/api/v1/entities", "/static/app.css"):
        await app.test_client().get(path)

    assert book.find_weak() == []
    assert book.count_statuses() == {500: 3}


ODD = [
    *["/nothing", "/api/v1/nothing", "/entities/0", "/entities/9" + "9" * 30, "/%ff", "/a%00b"],
    *["//evil.test/", "/auth/login?next=//evil.test", "/status", "/account/x.css", "/api/v1"],
    *["/entities?page=x", "/api/v1/entities?limit=x", "/" + "a" * 3000, "/metrics"],
]


async def test_addresses_that_are_odd_or_not_there_are_guarded(app: QuartApp, book: Book) -> None:
    client = app.test_client()
    for path in ODD:
        for method in METHODS:
            await client.open(path, method=method)
    for headers in ({"Host": "a b"}, {"Cookie": 'a="\\000"'}, {"Accept": "application/json"}):
        await client.get("/nothing", headers=headers)

    assert book.find_weak() == []
    assert book.count_statuses()[500] == 0


class TestLimited:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        limits = {"RATE_LIMIT_API": "1/minute", "RATE_LIMIT_PAGES": "1/minute"}
        return {**settings, **limits, "RATE_LIMITS": True}

    async def test_who_asks_too_often_is_refused_and_guarded(
        self, app: QuartApp, book: Book
    ) -> None:
        await ask_each(app)

        assert book.find_weak() == []
        assert book.count_statuses()[429] > 200


class TestShared:
    """With other origins allowed, by CORS."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "CORS_ORIGINS": ["https://friend.test"]}

    @pytest.mark.parametrize("origin", ["https://friend.test", "https://evil.test", "null"])
    async def test_no_origin_reads_with_credentials(
        self, app: QuartApp, book: Book, origin: str
    ) -> None:
        asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for path in ("/", "/api/v1/entities", "/nothing", "/status/", "/static/app.css"):
            for method in METHODS:
                await app.test_client().open(path, method=method, headers=asking)

        assert book.find_weak() == []
        shared = [one for *_, one in book.answers if one.find("access-control-allow-origin")]
        assert bool(shared) == (origin == "https://friend.test")


# --- static files --------------------------------------------------------------------------------


async def test_static_files_are_guarded(app: QuartApp, book: Book) -> None:
    client = app.test_client()
    for name in sorted(path.name for path in FOLDER.iterdir() if path.is_file()):
        for path in (f"/static/{name}", f"/static/{make_hashed_name(name)}"):
            response = await client.get(path)
            await client.head(path)
            await client.get(path, headers={"Range": "bytes=0-9"})
            await client.get(path, headers={"Range": "bytes=999999999-"})
            await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    for path in ("/static/", "/static/nothing.css", "/static/..%2fapp.py"):
        await client.get(path)

    assert book.find_weak() == []
    assert {200, 206, 304, 404, 416} <= set(book.count_statuses())
