"""Whatever stands wherever in a request, nothing fails, and both databases answer alike."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from quart import Response, request
from werkzeug.routing import Rule

import quartapp
from quartapp.app import QuartApp
from quartapp.extensions import db
from tests.hardening.calling import CUT_OFF
from tests.hardening.nasty import WORDS
from tests.hardening.places import Place, find_common_places, find_places
from tests.hardening.readying import METRICS
from tests.hardening.twins import REFUSED_ANYWAY, RIGHT, Pair, Twin, is_shut_out
from tests.security.asking import find_rules
from tests.security.expectations import ROUTES, route
from tests.security.world import World
from tests.wire import exchange, serving

pytestmark = pytest.mark.inputs

PARTS = 6  # which the processes of a run share
SHARES = {"administrator": 1, "editor": 8, "anonymous": 12}  # one in so many
COMMON_SHARE = 100  # of what any route has, headers and cookies
Spot = tuple[Place, str, int]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_nasty_fails_or_tells_the_databases_apart(
    pair_of_apps: Pair, part: int, pytestconfig: pytest.Config, record_property: Callable[..., None]
) -> None:
    step = int(pytestconfig.getoption("--nasty"))
    app = pair_of_apps.twins["sqlite"].app
    document = await read_document(app)
    rules = sorted(find_rules(app), key=lambda rule: (rule.endpoint, rule.rule))

    for rule in rules[part::PARTS]:
        for method in find_methods(rule):
            await attack(pair_of_apps, document, rule, method, step)

    for kind in pair_of_apps.twins:
        record_property(f"inputs: requests on {kind}", pair_of_apps.count // 2)
    assert pair_of_apps.findings == []
    assert find_shut(pair_of_apps) == set()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"])
async def test_nothing_nasty_fails_on_a_real_connection(
    fresh_app: QuartApp, database_kind: str, record_property: Callable[..., None]
) -> None:
    """Let a server read it: one thing for each method of each route, chunked bodies among them."""
    twin = Twin(fresh_app, World(fresh_app))
    statuses: dict[str, int] = {}
    shut_out = []
    async with serving(fresh_app) as port:
        document = await read_document(fresh_app)
        for number, (rule, method) in enumerate(list_methods(fresh_app)):
            twin.begin()
            spots = [*choose_spots(document, rule, method, 1)]
            spot = spots[number * 31 % len(spots)]
            asked = await twin.prepare(rule, method, "administrator", spot)
            reply = await exchange(port, asked.write())
            twin.heed(method, reply.status)
            statuses[f"{method} {rule}, {spot[0]} = {spot[1]}"] = reply.status
            shut_out += [f"{method} {rule}"] if is_shut_out(reply) else []

    record_property(f"inputs: requests on a socket, {database_kind}", len(statuses))
    assert {where: status for where, status in statuses.items() if status >= 500} == {}
    assert len(shut_out) < len(statuses) / 20, shut_out  # else the door alone was tried


async def test_view_that_fails_and_tells_the_databases_apart_is_found(
    pair_of_apps: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer() -> str:
        return db.engine.dialect.name * int(request.args.get("times", "0"))

    monkeypatch.setitem(ROUTES, "new", route(get="anyone"))
    for twin in pair_of_apps.twins.values():
        twin.app.add_url_rule("/new", "new", answer)
    (rule,) = find_rules(twin.app, "new")
    for nasty in ("-1", "true", "empty", "+1"):
        await pair_of_apps.send(rule, "GET", "anonymous", RIGHT)
        for place in find_places({"paths": {}}, rule, "GET"):
            await pair_of_apps.send(rule, "GET", "anonymous", (place, nasty, 0))

    found = {finding.partition(": ")[0] for finding in pair_of_apps.findings}
    assert found == {
        f"GET /new as anonymous, query times = {nasty}" for nasty in ("true", "empty", "+1")
    }


async def test_answer_that_breaks_off_is_found(
    pair_of_apps: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status was sent before: what fails behind it is told by no other."""

    async def answer() -> Response:
        times = request.args.get("times", "0")

        async def write() -> AsyncIterator[bytes]:
            yield b"times\n"
            yield b"%d" % int(times)

        return Response(write(), mimetype="text/csv")

    monkeypatch.setitem(ROUTES, "new", route(get="anyone"))
    for twin in pair_of_apps.twins.values():
        twin.app.add_url_rule("/new", "new", answer)
    (rule,) = find_rules(twin.app, "new")
    for nasty in ("-1", "true"):
        await pair_of_apps.send(rule, "GET", "anonymous", (Place("query", ("times",)), nasty, 0))

    found = {finding.partition(" on ")[0] for finding in pair_of_apps.findings}
    assert found == {f"GET /new as anonymous, query times = true: {CUT_OFF}"}


async def test_right_request_that_is_refused_is_found(
    pair_of_apps: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer() -> tuple[str, int]:
        return "", 409

    monkeypatch.setitem(ROUTES, "new", route(post="anyone"))
    monkeypatch.setitem(REFUSED_ANYWAY, ("health.livez", "GET"), "nobody knows why")
    for twin in pair_of_apps.twins.values():
        twin.app.add_url_rule("/new", "new", answer, methods=["POST"])
    for endpoint, method in (("new", "POST"), ("health.livez", "GET"), ("auth.logout", "POST")):
        (rule,) = find_rules(twin.app, endpoint)
        for asker in SHARES:
            await pair_of_apps.send_right(rule, method, asker)

    found = [finding.partition(":")[0] for finding in pair_of_apps.findings]
    assert found == ["POST /new, which is right", "GET /livez, which is right"]


@pytest.mark.parametrize("asker", SHARES)
async def test_each_role_sends_its_share_of_what_each_kind_of_place_takes(
    fresh_app: QuartApp, asker: str
) -> None:
    """Else a part of it would be named, and nobody would ever send it."""
    document, step = await read_document(fresh_app), 8 * SHARES[asker]
    methods = [one for one in list_methods(fresh_app) if one[1] in ("GET", "POST")]
    sent, known = Counter[bool](), Counter[bool]()
    for rule, method in methods:
        for count, size in ((sent, step), (known, 1)):
            for place, *_ in choose_spots(document, rule, method, size):
                count[place.kind in ("header", "cookie")] += 1

    assert known.total() > 10_000
    assert 0.7 < sent[False] * step / known[False] < 1.4
    assert 0.7 < sent[True] * (step // 3) / known[True] < 1.4


READ = re.compile(
    r"(?:request|websocket|connection|asked)\.headers(?:\.get(?:list)?\(|\[)(?P<got>[^,)\]]+)"
    r"|(?P<sought>[\w\"-]+) (?:not )?in (?:request|websocket|connection|asked)\.headers(?!\.)"
)
NAMED = re.compile(r'^(\w+) = "([A-Za-z-]+)"', re.MULTILINE)


def find_headers(source: str) -> set[str]:
    """Return the headers of a request that a module reads by their names, or by a constant."""
    constants = {name: f'"{value}"' for name, value in NAMED.findall(source)}
    asked = {found["got"] or found["sought"] for found in READ.finditer(source)}
    return {constants.get(one, one).strip('"') for one in asked}


def test_every_header_that_is_read_is_a_place() -> None:
    package = Path(quartapp.__file__).parent
    found = {one for path in package.rglob("*.py") for one in find_headers(path.read_text())}

    assert {"If-Match", "X-CSRFToken"} <= found
    # HEADER is Idempotency-Key, of another module; header is one of two that are among them.
    assert found - WORDS.keys() == {"HEADER", "header"}


async def test_file_that_a_form_takes_is_a_place(pair_of_apps: Pair) -> None:
    (rule,) = find_rules(pair_of_apps.twins["sqlite"].app, "entity.import_sites")
    await pair_of_apps.send_right(rule, "POST", "administrator")
    found = {one.way for one in find_places({"paths": {}}, rule, "POST") if one.kind == "file"}
    place = Place("file", ("file", "content"))
    replies = {
        nasty: (await pair_of_apps.send(rule, "POST", "administrator", (place, nasty, 0))).status
        for nasty in ("right", "kuma: null", "gatus: laughs")
    }
    assert {("file", "name"), ("file", "type"), ("file", "content")} <= found
    assert replies == {"right": 303, "kuma: null": 422, "gatus: laughs": 422}


async def test_figures_are_asked_for_by_their_own_login(pair_of_apps: Pair) -> None:
    (rule,) = find_rules(pair_of_apps.twins["sqlite"].app, METRICS)
    for asker in SHARES:
        await pair_of_apps.send_right(rule, "GET", asker)

    let_in = {asker: set(found) for (_, _, asker), found in pair_of_apps.statuses.items()}
    assert let_in == {"administrator": {200}, "editor": {401}, "anonymous": {401}}


async def read_document(app: QuartApp) -> dict[str, Any]:
    found: dict[str, Any] = await (await app.test_client().get("/api/v1/openapi.json")).get_json()
    return found


def list_methods(app: QuartApp) -> list[tuple[Rule, str]]:
    """Return what a server can be asked by one request."""
    rules = [rule for rule in find_rules(app) if not rule.websocket]
    return [(rule, method) for rule in rules for method in find_methods(rule)]


def find_methods(rule: Rule) -> list[str]:
    """Return the methods that a route has, HEAD before GET; a socket's handshake is a GET."""
    return ["GET"] if rule.websocket else sorted(rule.methods or (), reverse=True)


async def attack(pair: Pair, document: dict[str, Any], rule: Rule, method: str, step: int) -> None:
    for asker, share in SHARES.items():
        await pair.send_right(rule, method, asker)
        share *= 8 if method in ("HEAD", "OPTIONS") else 1
        for spot in choose_spots(document, rule, method, share * step):
            await pair.send(rule, method, asker, spot)


def choose_spots(document: dict[str, Any], rule: Rule, method: str, step: int) -> Iterator[Spot]:
    """Yield one in *step* of all nasty things; each place of each route begins elsewhere."""
    common_step = COMMON_SHARE * max(step // 3, 1)
    for place in find_places(document, rule, method):
        yield from pick(place, f"{method} {rule.rule}", step)
    for place in find_common_places():
        yield from pick(place, f"{method} {rule.rule}", common_step)


def pick(place: Place, where: str, step: int) -> Iterator[Spot]:
    """Begin anywhere below *step*, as most places have fewer nasty things than it has."""
    shift = crc32(f"{where} {place}".encode())
    for number, nasty in enumerate(place.nasties):
        if (number + shift) % step == 0:
            yield place, nasty, number + shift


def find_shut(pair: Pair) -> set[tuple[str, str]]:
    """Return the routes that never let an administrator further than to the door."""
    return {
        (endpoint, method)
        for (endpoint, method, asker), counter in pair.statuses.items()
        if asker == "administrator" and set(counter) <= {401, 403, 404, 405}
    }
