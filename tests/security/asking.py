"""Requests that are right in all but, perhaps, who sends them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from quart import Quart, Response
from quart.testing.connections import WebsocketResponseError
from werkzeug.routing import Rule

from tests.security.expectations import ROUTES
from tests.security.policies import SOCKET
from tests.security.things import MAKERS, PUBLISHED
from tests.security.world import Asker, World

OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
SAFE = {"GET", "HEAD", "OPTIONS"}
OUTCOMES = {
    **dict.fromkeys((200, 201, 202, 204), "yes"),
    400: "void",
    401: "login",
    403: "no",
    404: "none",
}
LEADING = {"/auth/login": "login", "/auth/confirm": "confirm"}
REFUSED = {"login", "no", "none"}


class Sending(NamedTuple):
    """A request on the point of being sent."""

    asker: Asker
    path: str
    body: dict[str, Any]
    is_api: bool


# --- what there is


def find_rules(app: Quart, endpoint: str = "") -> Iterator[Rule]:
    """Return the routes but for static files: all, or those of one endpoint."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static" and endpoint in ("", rule.endpoint):
            yield rule


def find_methods(rule: Rule) -> set[str]:
    return set(SOCKET) if rule.websocket else set(rule.methods or ())


def find_arguments(rule: Rule) -> list[str]:
    """Return what an address names and somebody owns, in the order in which it is made."""
    unknown = rule.arguments - set(MAKERS) - set(ROUTES[rule.endpoint].values)
    assert not unknown, f"{rule}: say in MAKERS how to make {unknown}"
    return [name for name in MAKERS if name in rule.arguments]


def find_things(rule: Rule) -> tuple[str, ...]:
    arguments = set(find_arguments(rule))
    if not arguments:
        return ("-",)
    return ("own", "foreign", "missing", *(("public",) if arguments & PUBLISHED else ()))


# --- a request


async def prepare(world: World, rule: Rule, asker: str, thing: str) -> Sending:
    route = ROUTES[rule.endpoint]
    template = f"{route.body}{route.query}"
    who, values, words = await world.make_scene(asker, thing, find_arguments(rule), template)
    address = world.app.url_map.bind("localhost").build(rule.endpoint, {**route.values, **values})
    query = urlencode(fill(route.query, words))
    path = urlsplit(address).path  # of a socket, the address has a host
    body = fill(route.body or {}, words)
    return Sending(who, f"{path}?{query}" if query else path, body, is_of_api(rule))


def is_of_api(rule: Rule) -> bool:
    return bool(rule.endpoint.startswith("api_"))


def fill(template: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    return {name: fill_value(value, words) for name, value in template.items()}


def fill_value(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [fill_value(one, words) for one in value]
    if isinstance(value, dict):
        return fill(value, words)
    return value.format_map(words) if isinstance(value, str) else value


async def send(
    sending: Sending, method: str, token: str, headers: dict[str, str] = OWN
) -> Response:
    """Send it as a page or program of ours would; a *token* goes where it belongs."""
    asker, path, body, is_api = sending
    options: dict[str, Any] = {"headers": {**headers, **asker.headers}}
    if method not in SAFE and is_api:
        options["headers"]["X-CSRFToken"] = token
        options |= {"json": body} if body else {}
    elif method not in SAFE:
        options["form"] = {**body, "csrf_token": token}
    response = await asker.client.open(path, method=method, **options)
    assert isinstance(response, Response)
    return response


async def find_outcome(sending: Sending, method: str) -> str:
    token = "" if method in SAFE else await sending.asker.find_csrf_token()
    response = await send(sending, method, token)
    return name_outcome(response, sending.is_api)


def name_outcome(response: Response, is_api: bool) -> str:
    if response.status_code in (302, 303) and not is_api:
        return LEADING.get(urlsplit(response.headers["Location"]).path, "yes")
    return OUTCOMES.get(response.status_code, str(response.status_code))


async def try_socket(
    sending: Sending,
    headers: dict[str, str] = OWN,
    message: str = "",
    subprotocols: Sequence[str] = (),
) -> str:
    """Open a socket, and send a message if there is one; return what came of it."""
    asker, path, *_ = sending
    connection = asker.client.websocket(path, headers={**headers, **asker.headers})
    connection.scope["subprotocols"] = list(subprotocols)  # which Quart's client leaves out
    try:
        async with connection as socket:
            await socket.receive()
            if message:
                await socket.send(message)
                return await find_reply(asker.client.app, socket)
    except WebsocketResponseError as error:
        return name_outcome(error.response, is_api=True)
    return "yes"


async def find_reply(app: Any, socket: Any) -> str:
    """Tell whether a message was answered; what Quart's client says of a close differs."""
    (opened,) = app.sockets
    reply = asyncio.ensure_future(socket.receive())
    async with asyncio.timeout(10):
        while not (reply.done() or opened.closed):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    if not opened.closed:
        return "yes" if reply.result() else "nothing"
    reply.cancel()
    await asyncio.wait({reply})
    return "no"
