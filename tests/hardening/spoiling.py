"""A request that is right but for one nasty thing in one place."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.routing import Rule

from tests.hardening import nasty_files
from tests.hardening.calling import Call, Headers
from tests.hardening.nasty import BODIES, CHUNKED, FORM, JSON, TEXTS, VALUES, WORDS
from tests.hardening.places import UNKNOWN, Place, Step
from tests.security.asking import OWN, SAFE, Sending
from tests.security.world import Asker

MARK = "@nasty@"  # where it comes
LINE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # what no server lets pass in a header
HEADER_BYTES = 6000  # in all of a request's head a server takes 16 KiB
MULTIPART = "multipart/form-data; boundary=mark"


def make_headers(asker: Asker, *, token: str = "") -> Headers:
    """Return what a page or a program of ours would send."""
    cookies = "; ".join(f"{one.name}={one.value}" for one in asker.client.cookie_jar or ())
    told = {**OWN, **asker.headers} | ({"Cookie": cookies} if cookies else {})
    told |= {"X-CSRFToken": token} if token else {}
    return {name: value.encode() for name, value in told.items()}


def spoil(
    sending: Sending, rule: Rule, method: str, token: str, place: Place, nasty: str, number: int
) -> Call:
    asker, path, body, is_api = sending
    target = path.encode()
    if place.kind == "path":
        target = spoil_path(rule, path, str(place.way[0]), TEXTS[nasty])
    if place.kind == "query":
        target = spoil_query(path, str(place.way[0]), TEXTS[nasty])
    call = Call(method, target, make_headers(asker, token=token if method not in SAFE else ""))
    if method not in SAFE:
        call = give_body(call, place, nasty, body, is_api=is_api, as_parts=number % 3 == 2)
    if place.kind == "message":
        call = replace(call, body=write_message(body, nasty))
    if place.kind in ("header", "cookie"):
        call = call.with_headers(spoil_headers(call.headers, place, nasty))
    return call


def spoil_path(rule: Rule, path: str, name: str, nasty: bytes) -> bytes:
    """Put it where the rule has the argument."""
    parts = path.partition("?")[0].split("/")
    pattern = re.compile(rf"<(?:[^<>]*:)?{name}>")
    put = quote(nasty, safe="")
    spoilt = [
        put.join(pattern.split(wanted)) if pattern.search(wanted) else part
        for wanted, part in zip(rule.rule.split("/"), parts, strict=False)
    ]
    return re.sub(r"<[^>]*>", "x", "/".join(spoilt)).encode()


def spoil_query(path: str, name: str, nasty: bytes) -> bytes:
    bare, _, query = path.partition("?")
    others = [pair for pair in query.split("&") if pair and pair.partition("=")[0] != name]
    return f"{bare}?{'&'.join([*others, f'{name}={quote(nasty, safe=str())}'])}".encode()


def spoil_headers(right: Headers, place: Place, nasty: str) -> Headers:
    name = str(place.way[0])
    if place.kind == "cookie":
        value = quote(TEXTS[nasty], safe="/:=+*()[]{}<>!#$%&'@^_`|~.-")[:HEADER_BYTES].encode()
        rest = right.get("Cookie", b"")
        return {"Cookie": b"; ".join(filter(None, (rest, name.encode() + b"=" + value)))}
    value = WORDS[name][int(nasty[1:])] if nasty.startswith("#") else TEXTS[nasty]
    return {name: LINE.sub(b"", value)[:HEADER_BYTES].strip()}


# --- bodies


def give_body(
    call: Call, place: Place, nasty: str, body: dict[str, Any], *, is_api: bool, as_parts: bool
) -> Call:
    """Give it the right body, the spoilt one, or something else altogether."""
    if place.kind == "body":
        kind, encoding, data = BODIES[nasty]
        headers = {"Content-Type": kind} if kind else {}
        headers |= {"Content-Encoding": encoding} if encoding else {}
        return Call(call.method, call.target, call.headers | headers, data, nasty in CHUNKED)
    if place.kind == "file":
        kind, data = MULTIPART.encode(), write_file(body, place, nasty)
        return Call(call.method, call.target, call.headers | {"Content-Type": kind}, data)
    if is_api:
        if not body and place.kind != "json":
            return call
        kind, data = JSON, write_json(body, place, nasty)
    elif as_parts:
        kind, data = MULTIPART.encode(), write_parts(body, place, nasty)
    else:
        kind, data = FORM, write_form(body, place, nasty)
    return Call(call.method, call.target, call.headers | {"Content-Type": kind}, data)


def write_message(body: dict[str, Any], nasty: str) -> bytes:
    """Return what is said on a socket: a text as it is, or a value for all that is to be said."""
    if nasty not in VALUES:
        return TEXTS[nasty.removeprefix("as text: ")]
    marked = json.dumps(dict.fromkeys([*body, UNKNOWN], MARK) if body else MARK)
    return marked.encode().replace(f'"{MARK}"'.encode(), VALUES[nasty])


def write_json(body: Any, place: Place, nasty: str) -> bytes:
    if place.kind != "json":
        return json.dumps(body).encode()
    marked = json.dumps(put(body, place.way)).encode()
    return marked.replace(f'"{MARK}"'.encode(), VALUES[nasty])


def put(value: Any, way: tuple[Step, ...]) -> Any:
    """Return *value* with the mark at the end of the way, which is built where there is none."""
    if not way:
        return MARK
    step, rest = way[0], way[1:]
    if isinstance(step, int):
        items = value if isinstance(value, list) else []
        return [put(items[0] if items else None, rest), *items[1:]]
    known = value if isinstance(value, dict) else {}
    return {**known, step: put(known.get(step), rest)}


def fields_of(body: dict[str, Any], place: Place, nasty: str) -> dict[str, bytes]:
    right = {name: str(value).encode() for name, value in body.items()}
    return right | ({str(place.way[0]): TEXTS[nasty]} if place.kind == "form" else {})


def write_form(body: dict[str, Any], place: Place, nasty: str) -> bytes:
    return urlencode(fields_of(body, place, nasty)).encode()


def write_parts(body: dict[str, Any], place: Place, nasty: str) -> bytes:
    parts = [
        b'--mark\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in fields_of(body, place, nasty).items()
    ]
    return b"".join([*parts, b"--mark--\r\n"])


def write_file(body: dict[str, Any], place: Place, nasty: str) -> bytes:
    """Return the form with a file; what is wrong is its name, its type or what it contains."""
    field, part = str(place.way[0]), place.way[1]
    source, content = nasty_files.CONTENTS[nasty if part == "content" else "right"]
    name, kind = nasty_files.NAMES.get(source, b"sites"), b"text/plain"
    if part == "name":
        name = TEXTS[nasty].replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"") + b".csv"
    if part == "type":
        kind = nasty_files.TYPES[int(nasty[1:])]
    head = b'--mark\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
    file = head % (field.encode(), name) + b"Content-Type: %s\r\n\r\n%s\r\n" % (kind, content)
    return file + write_parts({**body, "source": source}, place, nasty)
