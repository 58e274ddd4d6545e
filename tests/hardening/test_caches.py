"""Through nginx's cache and the application's: nobody is given what was made for another."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.web.static import make_hashed_name
from tests.hardening.belongings import (
    PRIVATE,
    TELLING,
    add_belongings,
    make_name,
    name_belongings,
)
from tests.nginx import write_nginx
from tests.outside import Address, Connection, Reply
from tests.processes import free_port
from tests.security.asking import find_rules, find_things, is_of_api, prepare
from tests.security.expectations import ROUTES, find_expectation
from tests.security.world import World
from tests.servers import start_nginx
from tests.wire import serving

pytestmark = pytest.mark.headers

PUBLIC = "public, max-age=30, stale-while-revalidate=60"
OF_ALL = ("status.", "api_v1.docs.")  # blueprints whose answers are the same for everybody
PARTS = 3  # of the routes, as one test has three minutes
ORDERS = [["ann", "bob", "nobody", "ann"], ["bob", "nobody", "ann"], ["nobody", "bob", "ann"]]
PEOPLE = {"ann": "owner", "bob": "other"}  # and who they are in the world
EVIL = "evil.test"
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')  # of a form: another one each time
POISON = [
    {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "evil.test", "X-Forwarded-Prefix": f"/{EVIL}"},
    {"X-Original-URL": f"/{EVIL}", "X-Rewrite-URL": f"/{EVIL}", "X-HTTP-Method-Override": "POST"},
    {"Forwarded": f"host={EVIL};proto=http", "X-Host": EVIL, "X-Forwarded-Server": EVIL},
    {"Accept-Language": f'"><script src="//{EVIL}">', "Origin": f"https://{EVIL}"},
    {"Referer": f"https://{EVIL}/", "User-Agent": EVIL, "X-Request-ID": f"poison-{EVIL}"},
    {"Accept-Language": "ru"},
    {"X-Large": EVIL + 7000 * "a", "Accept": f"text/{EVIL}", "Range": "bytes=0-1"},
]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"CACHE_SIZE": 1_000_000, "TRUSTED_PROXIES": ["unix"], "PUBLIC_URL": "http://localhost"}


@dataclass
class Reader:
    """Somebody with a connection to nginx, and what is theirs alone."""

    connection: Connection
    headers: dict[str, str] = field(default_factory=dict)
    canaries: set[str] = field(default_factory=set)

    async def ask(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        asking = {"Host": "localhost", **self.headers, **(headers or {})}
        reply = await asyncio.to_thread(self.connection.ask, path, headers=asking)
        self.canaries.update(TOKEN.findall(reply.body))
        return reply


@dataclass
class Place:
    app: QuartApp
    world: World
    readers: dict[str, Reader]

    async def find_path(self, rule: Rule) -> str:
        """Return an address of something that is Ann's, and not public where it need not be."""
        sending = await prepare(self.world, rule, "owner", choose_thing(rule))
        async with self.app.app_context(), db.begin() as session:
            await name_belongings(session, sending.asker.user, make_name("owner"))
        return sending.path

    async def find_private(self) -> set[str]:
        """Return what strangers must not see: the names of people and of sites."""
        async with self.app.app_context(), db.read() as session:
            names = [*await session.scalars(select(User.name))]
            hidden = select(Entity.name).where(~Entity.is_public)
            return {*names, *await session.scalars(hidden)}

    async def find_forbidden(self, name: str, path: str) -> set[str]:
        """Return what must not be in an answer to *name*, unless their address has it."""
        found = {one for other in self.readers if other != name for one in self.get(other)}
        found |= await self.find_private() if name == "nobody" else set()
        return {one for one in found if one not in path}

    def get(self, name: str) -> set[str]:
        return self.readers[name].canaries


@pytest.fixture
async def place(fresh_app: QuartApp, tmp_path: Path) -> AsyncIterator[Place]:
    """Ann, Bob and nobody before nginx, before the application."""
    app, port = fresh_app, free_port()
    world = World(app)
    write_nginx(tmp_path, port, [tmp_path / "app.sock"])
    # nginx first, as it is waited for without a turn for the application, which is in this process.
    with start_nginx(tmp_path, port):
        async with serving(app, tmp_path / "app.sock"):
            readers = {"nobody": Reader(Connection(("127.0.0.1", port)))}
            for name, asker in PEOPLE.items():
                readers[name] = await make_reader(world, asker, ("127.0.0.1", port))
            yield Place(app, world, readers)
            for reader in readers.values():
                reader.connection.close()


async def make_reader(world: World, name: str, address: Address) -> Reader:
    async with world.app.app_context(), db.begin() as session:
        asker = await world.find_asker(session, name)
        await add_belongings(session, asker.user, make_name(name))
    token = await asker.find_csrf_token()
    cookies = {one.name: str(one.value) for one in asker.client.cookie_jar}
    cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
    return Reader(
        Connection(address), {"Cookie": cookie}, {make_name(name), token, *cookies.values()}
    )


def find_get_rules(app: QuartApp, blueprints: tuple[str, ...] = ("",)) -> list[Rule]:
    rules = [rule for rule in find_rules(app) if "GET" in (rule.methods or ())]
    return [one for one in rules if not one.websocket and one.endpoint.startswith(blueprints)]


def choose_thing(rule: Rule) -> str:
    """Return whose thing tells most: of status pages what is public, as there are no others."""
    things = find_things(rule)
    is_there = not rule.endpoint.startswith("status.") or "public" not in things
    return things[0] if is_there else "public"


def find_hits(reply: Reply, forbidden: Iterable[str]) -> list[str]:
    told = f"{reply.headers} {reply.body}"
    return [one for one in forbidden if one in told]


def find_fault_of_storage(rule: Rule, reply: Reply) -> str:
    """Say what is wrong with who may keep an answer."""
    said = reply.headers["cache-control"]
    if rule.endpoint.startswith("status.") and reply.status == 200:
        return "" if said == PUBLIC and "set-cookie" not in reply.headers else said
    if rule.endpoint.startswith(OF_ALL):
        return "" if "set-cookie" not in reply.headers else said
    return "" if "no-store" in said or "private" in said else said


def find_fault_of_hers(rule: Rule, reply: Reply) -> str:
    """Say what Ann, who may see what is hers, has not been told."""
    expected = find_expectation(rule.endpoint, "GET", "owner", choose_thing(rule))
    if expected == "yes" and reply.status != 200:
        return f"is {reply.status} for ann, who may see it"
    if rule.endpoint in TELLING and not find_hits(reply, [make_name("owner")]):
        return "told ann nothing of hers"
    return ""


# --- who comes first -----------------------------------------------------------------------------


def make_noisy(rule: Rule, path: str, number: int) -> str:
    """Return another address of the same; the API refuses parameters that it does not know."""
    noise = (number + 1) * "&" if is_of_api(rule) else f"noise={number}"
    return f"{path}{'&' if '?' in path else '?'}{noise}"


async def find_leaks(place: Place, rule: Rule) -> tuple[list[str], int]:
    """Let all ask in turns, each order for an address that nobody has asked for."""
    faults, statuses = [], {}
    path = await place.find_path(rule)
    for number, order in enumerate(ORDERS):
        noisy = make_noisy(rule, path, number)
        for name in order:
            reply = await place.readers[name].ask(noisy)
            hits = find_hits(reply, await place.find_forbidden(name, path))
            faults += [f"{noisy} told {name}: {hit}" for hit in hits]
            if name == "ann" and (fault := find_fault_of_hers(rule, reply)):
                faults.append(f"{noisy} {fault}")
            if storage := find_fault_of_storage(rule, reply):
                faults.append(f"{noisy} may be kept: {storage}")
            if statuses.setdefault(name, reply.status) != reply.status:
                faults.append(f"{noisy} is {reply.status} for {name}, was {statuses[name]}")
    return faults, sum(map(len, ORDERS))


@pytest.mark.parametrize("part", range(PARTS))
async def test_nobody_sees_what_was_made_for_another(
    place: Place, part: int, record_property: Callable[[str, object], None]
) -> None:
    found, asked = [], 0
    for rule in find_get_rules(place.app)[part::PARTS]:
        faults, count = await find_leaks(place, rule)
        found, asked = found + faults, asked + count

    assert found == []
    record_property(f"headers: answers through caches, part {part + 1}", asked)


async def test_canaries_are_where_they_belong(place: Place) -> None:
    """Else nothing could be found elsewhere."""
    others = await place.find_forbidden("nobody", "/")
    for name, asker in PEOPLE.items():
        for path in ("/account/", "/api/v1/tokens", "/api/v1/channels", "/api/v1/sessions"):
            told = await place.readers[name].ask(path)

            assert make_name(asker) in find_hits(told, place.get(name)), path
            assert find_hits(told, others), path
        page = await place.readers[name].ask("/auth/login")
        assert TOKEN.findall(page.body)[0] in place.get(name)


def test_each_route_of_what_is_private_tells_of_it() -> None:
    private = {name for name, route in ROUTES.items() if route.policies.get("GET") in PRIVATE}

    assert private - TELLING == set()


# --- what no key knows ---------------------------------------------------------------------------


async def find_poisoned(place: Place, path: str, *, clean: str) -> list[str]:
    """Let nobody ask with headers that no key knows; return what others are told of it."""
    nobody, found = place.readers["nobody"], []
    for number, headers in enumerate(POISON):
        noisy = f"{path}?poison={number}"
        first = await nobody.ask(noisy, headers)
        for name in ("nobody", "ann"):
            reply = await place.readers[name].ask(noisy)
            if reply.status != 200 or find_hits(reply, [EVIL]) or len(reply.body) != len(clean):
                found.append(f"{noisy} told {name}: {reply.status} after {first.status}")
    return found


async def test_no_header_poisons_what_is_kept(place: Place) -> None:
    found = []
    for rule in find_get_rules(place.app, OF_ALL):
        sending = await prepare(
            place.world, rule, "owner", "public" if rule.arguments & {"slug", "group_slug"} else "-"
        )
        clean = await place.readers["nobody"].ask(sending.path)
        assert clean.status == 200, sending.path
        found += await find_poisoned(place, sending.path, clean=clean.body)

    assert found == []


async def test_host_of_another_is_refused_and_leaves_nothing(place: Place) -> None:
    nobody = place.readers["nobody"]
    for path in ("/status/", "/status/feed.atom", "/status/badge.svg"):
        evil = await nobody.ask(path, {"Host": EVIL})
        reply = await nobody.ask(path)

        assert (evil.status, reply.status) == (400, 200)
        assert find_hits(reply, [EVIL]) == []


# --- pages that pretend to be files --------------------------------------------------------------

PRETENDING = ["/account/x.css", "/account/app.css", "/account/;x.css", "/account/%2f..%2fx.css"]
PRETENDING += ["/static/../account/", "/static/..%2faccount/", "/account%2f..%2fstatus/"]
PRETENDING += ["/status/..%2faccount/", "/status/%2e%2e/account/", "/status/../account/"]
PRETENDING += ["/account/?x.css", "/account/%3f.css", "/account/x.0123456789ab.css"]
PRETENDING += ["/status//account/"]


@pytest.mark.parametrize("path", PRETENDING)
async def test_no_page_of_a_person_is_kept_under_another_name(place: Place, path: str) -> None:
    mine = await place.readers["ann"].ask(path)
    told = await place.readers["nobody"].ask(path)

    assert "public" not in mine.headers["cache-control"]
    assert find_hits(told, await place.find_forbidden("nobody", path)) == []


# --- static files --------------------------------------------------------------------------------


async def test_static_files_are_kept_by_all_and_know_nobody(place: Place) -> None:
    for name, said in (
        ("app.css", "public, max-age=0"),
        (make_hashed_name("app.css"), "public, max-age=31536000, immutable"),
    ):
        replies = [await one.ask(f"/static/{name}") for one in place.readers.values()]

        assert {reply.headers["cache-control"] for reply in replies} == {said}
        assert len({reply.body for reply in replies}) == 1
        assert not any({"set-cookie", "vary"} & set(reply.headers) - {"vary"} for reply in replies)
