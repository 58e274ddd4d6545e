"""Secrets in every place of a request to every route are told nowhere, whatever comes of it.

tests/security/test_canaries.py tells the story of secrets that are right. These are given where
they do not belong as well: to each route, in headers, query, form and JSON, by nobody and by an
administrator, and to views that fail with all of it in their exception.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlencode

import pytest
from quart import request
from quart.testing import QuartClient
from sqlalchemy.exc import OperationalError
from werkzeug.routing import Rule

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.security import make_box
from quartapp.web.forms import BaseForm
from tests.hardening.canaries import CANARIES, FIELDS, HEADERS
from tests.helpers import add_factor, add_person, make_code
from tests.security.asking import (
    find_rules,
    find_things,
    is_of_api,
    name_outcome,
    prepare,
    send,
)
from tests.security.test_canaries import KEPT_LINK, find_hits, read_columns
from tests.security.world import World

pytestmark = pytest.mark.secrets

Record = Callable[[str, object], None]
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
# Back to who asked, the address that they asked for: after the login it is asked again.
LEADING_BACK = re.compile(r"""next=[^"'\s>]*""")


@pytest.fixture(params=["text", "json"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": request.param, "CACHE_SIZE": 100_000}


def list_requests(method: str, is_api: bool) -> list[dict[str, Any]]:
    """Return where a request of a kind may have secrets, besides its headers and its query."""
    if method not in WRITING:
        return [{}]
    deep = {**FIELDS, "items": [FIELDS], "deep": {"password": [FIELDS["password"]]}}
    forms: list[dict[str, Any]] = [{"form": FIELDS}, {"json": deep}]
    broken = {"data": json.dumps(FIELDS)[:-1], "headers": {"Content-Type": "application/json"}}
    return forms if not is_api else [{"json": deep}, broken]


async def give(client: QuartClient, rule: Rule, path: str, more: dict[str, str]) -> list[str]:
    """Give all secrets to a route in all ways; return what it tells."""
    told = []
    place = f"{path}{'&' if '?' in path else '?'}{urlencode(FIELDS)}"
    for method in sorted(rule.methods or ()):
        for options in list_requests(method, rule.endpoint.startswith("api_")):
            headers = {**HEADERS, **more, **options.pop("headers", {})}
            response = await client.open(place, method=method, headers=headers, **options)
            page = KEPT_LINK.sub("", await response.get_data(as_text=True))
            page = LEADING_BACK.sub("", page)
            shown = [f"{key}: {value}" for key, value in response.headers if key != "location"]
            told.append("\n".join([f"{response.status_code} {method} {path}", *shown, page]))
    return told


async def give_to_all(app: QuartApp, asker: str) -> list[str]:
    world, told = World(app), []
    for rule in find_rules(app):
        if rule.websocket:
            continue
        sending = await prepare(world, rule, asker, find_things(rule)[0])
        client = app.test_client(use_cookies=False)
        told += await give(client, rule, sending.path, sending.asker.headers)
        if (rule.methods or set()) & WRITING:
            world.end()
    return told


@pytest.mark.parametrize("asker", ["anonymous", "full"])
async def test_no_route_tells_what_it_was_given(
    app: QuartApp, capsys: pytest.CaptureFixture[str], asker: str, record_property: Record
) -> None:
    told = await give_to_all(app, asker)
    lines = capsys.readouterr().err.splitlines()

    assert find_hits(CANARIES, told) == []
    assert find_hits(CANARIES, lines) == []
    assert find_hits(CANARIES, await read_columns(app)) == []
    record_property(f"secrets: requests with {len(CANARIES)} canaries each, {asker}", len(told))


# --- where the door is open: what a form or a body has beside the secret is right


def put_in(body: dict[str, Any], *, is_api: bool) -> dict[str, Any]:
    """Put secrets where they are asked for; a form has them all, as it reads what it knows."""
    secrets = {name: one for name, one in FIELDS.items() if name != "csrf_token"}
    return body | {name: one for name, one in secrets.items() if name in body or not is_api}


async def give_rightly(
    app: QuartApp, asker: str, endpoint: str = ""
) -> tuple[list[str], list[str]]:
    """Send each form and body from where it stands; return what is told, and what came of them."""
    world, told, outcomes = World(app), [], []
    for rule in find_rules(app, endpoint):
        for method in sorted((rule.methods or set()) & WRITING):
            right = await prepare(world, rule, asker, find_things(rule)[0])
            sending = right._replace(body=put_in(right.body, is_api=is_of_api(rule)))
            token = await sending.asker.find_csrf_token()
            response = await send(sending, method, token)
            page = KEPT_LINK.sub("", await response.get_data(as_text=True))
            shown = [f"{key}: {value}" for key, value in response.headers if key != "location"]
            told.append("\n".join([f"{response.status_code} {method} {rule}", *shown, page]))
            outcomes.append(name_outcome(response, sending.is_api))
            world.end()
    return told, outcomes


@pytest.mark.parametrize("asker", ["anonymous", "admin"])
async def test_no_form_and_no_body_that_is_read_tells_a_secret(
    app: QuartApp, capsys: pytest.CaptureFixture[str], asker: str
) -> None:
    told, outcomes = await give_rightly(app, asker)
    lines = capsys.readouterr().err.splitlines()

    assert find_hits(CANARIES, told) == []
    assert find_hits(CANARIES, lines) == []
    assert find_hits(CANARIES, await read_columns(app)) == []
    if asker == "admin":  # else the door alone was tried
        assert sum(one in ("login", "no", "confirm", "415") for one in outcomes) < len(told) / 10


async def test_form_that_tells_a_secret_only_when_it_is_accepted_is_found(
    app: QuartApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which a form without its token never is."""
    is_accepted = BaseForm.is_accepted

    async def tell(form: Any) -> bool:
        if accepted := await is_accepted(form):
            app.logger.warning("Read %s.", form.data.get("password"))
        return accepted

    monkeypatch.setattr(BaseForm, "is_accepted", tell)
    await give_rightly(app, "admin", "account.password")

    assert find_hits(CANARIES, capsys.readouterr().err.splitlines()) != []


def fail_all(app: QuartApp) -> None:
    """Let each view say in its exception what no exception should say."""

    async def fail(**_: object) -> NoReturn:
        given = f"{dict(request.headers)} {dict(request.args)} {dict(await request.form)}"
        raise OperationalError(f"{request.url} {given}", {}, Exception(str(request.headers)))

    for endpoint in app.view_functions:
        app.view_functions[endpoint] = fail


async def test_no_failure_tells_what_was_given(
    app: QuartApp, capsys: pytest.CaptureFixture[str]
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    fail_all(app)
    told = await give_to_all(app, "anonymous")
    lines = capsys.readouterr().err.splitlines()

    assert {one.partition(" ")[0] for one in told} >= {"500"}
    assert any("OperationalError" in line for line in lines)
    assert find_hits(CANARIES, told) == []
    assert find_hits(CANARIES, lines) == []


# --- what is right, and is kept sealed or as a hash


async def test_second_factor_is_kept_sealed(
    app: QuartApp, capsys: pytest.CaptureFixture[str]
) -> None:
    given, codes_of_now = {}, []
    for name in ("ann", "bob"):
        async with app.app_context(), db.begin() as session:
            user = await add_person(session, name)
            secret, codes = await add_factor(session, user, make_box([app.config["SECRET_KEY"]]))
        given |= {f"secret of {name}": secret, **{f"code {one}": one for one in codes}}
        codes_of_now.append(make_code(secret))
    places = [*await read_columns(app), *capsys.readouterr().err.splitlines()]

    assert find_hits(given, places) == []
    # Six digits are in a hash or a moment by chance, but not those of both.
    assert [] in [find_hits({"code of now": code}, places) for code in codes_of_now]
