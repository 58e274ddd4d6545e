"""Every GET of every route: it says what it is, and changes nothing."""

import json
from xml.etree import ElementTree as Xml

import pytest
from quart import Quart, Response

from tests.security.asking import find_methods, find_rules, find_things, prepare, send
from tests.security.expectations import ROUTES
from tests.security.test_forgery import read_tables
from tests.security.world import World

READ = [name for name, route in ROUTES.items() if "GET" in route.policies]
JSON = {"application/json", "application/problem+json"}
XML = {"image/svg+xml", "application/atom+xml", "application/rss+xml"}
TEXT = {"text/html", "text/plain", "text/csv", "text/css", "text/javascript"}
OTHER = {"application/x-ndjson"}


async def check_type(response: Response) -> None:
    """Fail unless the type is named, with its charset, and fits what comes."""
    body = await response.get_data(as_text=False)
    if response.status_code in (204, 304) or not body:
        return
    kind, _, rest = str(response.headers["Content-Type"]).partition(";")
    assert kind in JSON | XML | TEXT | OTHER, kind
    if kind in TEXT | XML:
        assert rest.strip() == "charset=utf-8", (kind, rest)
    text = body.decode()
    if kind in JSON:
        json.loads(text)
    elif kind in XML:
        Xml.fromstring(text)
    elif kind == "text/html":
        assert text.lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize("endpoint", READ)
async def test_answer_says_what_it_is_and_changes_nothing(app: Quart, endpoint: str) -> None:
    world, asked = World(app), 0
    for rule in find_rules(app, endpoint):
        if "GET" not in find_methods(rule):
            continue
        for asker in ("admin", "anonymous"):
            sending = await prepare(world, rule, asker, find_things(rule)[-1])
            before = await read_tables(app)
            for headers in ({}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}):
                await check_type(await send(sending, "GET", "", headers))
                asked += 1
            assert await read_tables(app) == before
    assert asked
