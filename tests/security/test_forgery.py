"""What other sites, and pages of other sessions, make a browser send: refused, nothing changed."""

from typing import Any

import pytest
from quart import Quart
from quart_auth import generate_auth_token
from sqlalchemy import select
from werkzeug.routing import Rule

from quartapp.auth.loading import BEARER_PROTOCOL
from quartapp.extensions import db
from quartapp.models import Base
from quartapp.services.session import open_session
from tests.security.asking import (
    OWN,
    SAFE,
    Sending,
    find_methods,
    find_rules,
    find_things,
    prepare,
    send,
    try_socket,
)
from tests.security.expectations import ROUTES, find_expectation
from tests.security.policies import METHODS
from tests.security.world import SOMEBODY, Asker, World

# Which token of this browser's session goes where, and what the browser says of the page.
FORGERIES = {
    "no token": ("none", OWN),
    "no token, from nowhere": ("none", {}),
    "token of another session": ("foreign", OWN),
    "token of another session, from nowhere": ("foreign", {}),
    "token of this browser's old session": ("old", OWN),
    "token in the query": ("query", OWN),
    "fetched by another site": ("right", {"Sec-Fetch-Site": "cross-site"}),
    "fetched by another host of this site": ("right", {"Sec-Fetch-Site": "same-site"}),
    "page of another site": ("right", {"Origin": "https://evil.test"}),
    "page of another site, fetched as our own": ("right", {**OWN, "Origin": "https://evil.test"}),
    "page of no site": ("right", {"Origin": "null"}),
}
# Strangers may send these without a page of ours: they are answered with a token that no cookie
# carries, and whoever is not the page's own script cannot read it.
COOKIELESS = {"api_v1.user.setup", "api_v1.token.new"}
UNSAFE = [name for name, route in ROUTES.items() if {*METHODS[1:]} & {*route.policies}]
NOTES = {"seen_at", "used_at", "updated_at"}  # written when a request comes, whatever it does


async def read_tables(app: Quart) -> dict[str, list[tuple[Any, ...]]]:
    async with app.app_context(), db.read() as session:
        return {
            table.name: [
                tuple(row)
                for row in await session.execute(
                    select(*(column for column in table.c if column.name not in NOTES)).order_by(
                        *table.primary_key
                    )
                )
            ]
            for table in Base.metadata.sorted_tables
        }


async def sign_in_anew(world: World, asker: Asker) -> None:
    async with world.app.app_context(), db.begin() as session:
        secret = (await open_session(session, asker.user)).token
    asker.client.set_cookie("localhost", "quartapp", generate_auth_token(asker.client, secret))
    asker.csrf_token = ""


async def find_old_token(world: World, asker: Asker, *, is_known: bool) -> str:
    """Return a token that was this browser's, before somebody signed in or out."""
    await sign_in_anew(world, asker)
    token = await asker.find_csrf_token()
    if is_known:
        await sign_in_anew(world, asker)
    else:
        asker.client.delete_cookie("localhost", "quartapp")
        asker.csrf_token = ""
    return token


async def find_foreign_token(world: World) -> str:
    async with world.app.app_context(), db.begin() as session:
        asker = await world.find_asker(session, SOMEBODY)
    return await asker.find_csrf_token()


async def forge(
    world: World, sending: Sending, kind: str, *, is_known: bool
) -> tuple[Sending, str]:
    """Return what is sent, and the token that goes where it belongs."""
    if kind == "old":
        return sending, await find_old_token(world, sending.asker, is_known=is_known)
    if kind == "foreign":
        return sending, await find_foreign_token(world)
    if kind == "none":
        return sending, ""
    token = await sending.asker.find_csrf_token()
    if kind == "query":
        mark = "&" if "?" in sending.path else "?"
        path = f"{sending.path}{mark}csrf_token={token}&X-CSRFToken={token}"
        return sending._replace(path=path), ""
    return sending, token


async def try_forgery(world: World, rule: Rule, method: str, asker: str, forgery: str) -> str:
    kind, headers = FORGERIES[forgery]
    sending = await prepare(world, rule, asker, find_things(rule)[0])
    sending, token = await forge(world, sending, kind, is_known=asker != "anonymous")
    before = await read_tables(world.app)
    response = await send(sending, method, token, headers)
    unchanged = await read_tables(world.app) == before
    return f"{response.status_code}, {'nothing' if unchanged else 'something'} changed"


def list_unsafe(app: Quart, endpoint: str) -> list[tuple[Rule, str, str]]:
    """Return the routes and methods of an endpoint, and who may have the cookie for it."""
    return [
        (rule, method, asker)
        for rule in find_rules(app, endpoint)
        for method in sorted(find_methods(rule) - SAFE)
        for asker in ("admin", "anonymous")
        if asker == "admin" or is_for_strangers(rule, method)
    ]


def is_for_strangers(rule: Rule, method: str) -> bool:
    outcome = find_expectation(rule.endpoint, method, "anonymous", find_things(rule)[0])
    return rule.endpoint not in COOKIELESS and outcome != "login"


@pytest.mark.parametrize("endpoint", UNSAFE)
async def test_forged_request_is_refused_and_changes_nothing(app: Quart, endpoint: str) -> None:
    world = World(app)
    found = {
        (method, asker, forgery): await try_forgery(world, rule, method, asker, forgery)
        for rule, method, asker in list_unsafe(app, endpoint)
        for forgery in FORGERIES
    }
    assert found
    assert {key: told for key, told in found.items() if told != "403, nothing changed"} == {}


@pytest.mark.parametrize("endpoint", UNSAFE)
async def test_same_request_of_our_own_page_is_taken(app: Quart, endpoint: str) -> None:
    for rule, method, asker in list_unsafe(app, endpoint):
        sending = await prepare(World(app), rule, asker, find_things(rule)[0])
        token = await sending.asker.find_csrf_token()
        assert (await send(sending, method, token)).status_code not in (401, 403), method


@pytest.mark.parametrize("endpoint", UNSAFE)
async def test_without_a_word_of_its_page_a_form_is_taken_by_its_token_and_a_call_is_not(
    app: Quart, endpoint: str
) -> None:
    for rule, method, asker in list_unsafe(app, endpoint):
        sending = await prepare(World(app), rule, asker, find_things(rule)[0])
        token = await sending.asker.find_csrf_token()
        status = (await send(sending, method, token, {})).status_code
        assert (status == 403) is sending.is_api, method


def test_exempt_routes_are_there(fresh_app: Quart) -> None:
    assert {rule.endpoint for rule in find_rules(fresh_app)} >= COOKIELESS


# --- sockets

ORIGINS = {
    "own": "http://localhost",
    "none": None,
    "listed": "https://app.example.org",
    "foreign": "https://evil.test",
    "null": "null",
    "other scheme": "https://localhost",
    "other port": "http://localhost:81",
    "longer": "http://localhost.evil.test",
}
TRUSTED = {"own", "none", "listed"}  # of programs, and of pages that say who they are by a token
BY_COOKIE = {origin: "yes" if origin == "own" else "no" for origin in ORIGINS}
BY_TOKEN = {origin: "yes" if origin in TRUSTED else "no" for origin in ORIGINS}
BY_NOTHING = {origin: "login" if origin in TRUSTED else "no" for origin in ORIGINS}
CREDENTIALS = {
    "cookie": ("owner", BY_COOKIE),
    "header": ("write", BY_TOKEN),
    "subprotocol": ("write", BY_TOKEN),
    "none": ("anonymous", BY_NOTHING),
}


def offer_token(asker: Asker) -> list[str]:
    """Say the token as a page does, which can send no headers."""
    secret = asker.headers.pop("Authorization").removeprefix("Bearer ")
    return ["quartapp", BEARER_PROTOCOL + secret]


async def try_origins(app: Quart, rule: Rule, credential: str) -> dict[str, str]:
    sending = await prepare(World(app), rule, CREDENTIALS[credential][0], find_things(rule)[0])
    offered = offer_token(sending.asker) if credential == "subprotocol" else []
    return {
        name: await try_socket(sending, {"Origin": origin} if origin else {}, subprotocols=offered)
        for name, origin in ORIGINS.items()
    }


@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_socket_is_for_pages_and_programs_that_may(app: Quart, credential: str) -> None:
    app.config["CORS_ORIGINS"] = [ORIGINS["listed"]]
    rules = [rule for rule in find_rules(app) if rule.websocket]
    found = {rule.endpoint: await try_origins(app, rule, credential) for rule in rules}

    assert found == {rule.endpoint: CREDENTIALS[credential][1] for rule in rules}
    assert found
