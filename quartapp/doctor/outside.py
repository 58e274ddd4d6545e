"""The installation as a browser sees it: nginx, its certificate, its headers."""

from collections.abc import Iterator
from email.message import Message
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from quartapp.doctor import Finding, Level

TOPIC = "outside"
PATIENCE = 5.0  # s
WANTED = {
    "Strict-Transport-Security": "max-age=",
    "Content-Security-Policy": "default-src",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
HIDDEN = ("/metrics", "/.env", "/alembic.ini")
Answer = tuple[int, Message]


class Stay(HTTPRedirectHandler):
    """Follows nothing: a redirect is an answer."""

    def redirect_request(self, *_: object) -> None:
        return None


def check_outside(address: str) -> Iterator[Finding]:
    """Ask *address*, a PUBLIC_URL; waits for the network."""
    try:
        yield from check_answers(address)
    except (HTTPException, OSError) as error:  # URLError is an OSError
        no_http = isinstance(error, HTTPException)  # whose text is what came instead
        reason = "it does not speak HTTP" if no_http else getattr(error, "reason", error)
        text = f"{address} cannot be reached from here ({reason}): not all of it has been checked."
        yield Finding(Level.WARN, TOPIC, text)


def check_answers(address: str) -> Iterator[Finding]:
    status, headers = ask(f"{address}/livez")
    if status != 200:
        yield Finding(Level.FAIL, TOPIC, f"{address}/livez answers {status}.")
        return
    yield Finding(Level.OK, TOPIC, f"{address} answers.")
    yield from check_headers(headers)
    for path in HIDDEN:
        if (found := ask(f"{address}{path}")[0]) != 404:
            text = f"{path} answers {found}: nginx should answer 404, as deploy/nginx.conf does."
            yield Finding(Level.FAIL, TOPIC, text)


def check_headers(headers: Message) -> Iterator[Finding]:
    for name, part in WANTED.items():
        if part not in headers.get(name, ""):
            text = f"{name} is {headers.get(name, 'missing')!r}: does nginx pass it on?"
            yield Finding(Level.FAIL, TOPIC, text)
    if any(mark in headers.get("Server", "") for mark in ("/", "hypercorn", "granian")):
        text = f"Server tells too much: {headers['Server']!r}; see server_tokens."
        yield Finding(Level.WARN, TOPIC, text)


def ask(url: str) -> Answer:
    try:
        with build_opener(Stay).open(Request(url), timeout=PATIENCE) as reply:  # noqa: S310
            return reply.status, reply.headers
    except HTTPError as error:
        with error:
            return error.code, error.headers
