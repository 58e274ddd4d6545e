"""Every GET of every route: it says what it is, and changes nothing."""

import json
from xml.etree import ElementTree as Xml

import pytest
from quart import Quart, Response
from sqlalchemy import update
from werkzeug.exceptions import NotFound

from quartapp.extensions import db
from quartapp.models import Channel
from tests.security.asking import find_methods, find_rules, find_things, prepare, send
from tests.security.expectations import ROUTES
from tests.security.test_forgery import read_tables
from tests.security.world import NO_ID, World

READ = [name for name, route in ROUTES.items() if "GET" in route.policies]
JSON = {"application/json", "application/problem+json"}
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
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


async def find_changing(app: Quart, endpoint: str) -> tuple[list[str], list[int]]:
    """Read all there is of a route; return what changed something, and the statuses."""
    world, changing, statuses = World(app), [], []
    for rule in find_rules(app, endpoint):
        if "GET" not in find_methods(rule):
            continue
        for asker in ("admin", "anonymous"):
            for thing in find_things(rule):
                sending = await prepare(world, rule, asker, thing)
                before = await read_tables(app)
                for headers in ({}, FOREIGN):
                    response = await send(sending, "GET", "", headers)
                    await check_type(response)
                    statuses.append(response.status_code)
                if await read_tables(app) != before:
                    changing.append(f"{rule} as {asker}, {thing}")
    return changing, statuses


@pytest.mark.parametrize("endpoint", READ)
async def test_answer_says_what_it_is_and_changes_nothing(app: Quart, endpoint: str) -> None:
    changing, statuses = await find_changing(app, endpoint)

    assert changing == []
    # What is missing changes nothing: an administrator has to have seen what there is.
    assert set(statuses) - {404}, endpoint


async def test_reading_that_changes_something_of_what_is_there_is_found(app: Quart) -> None:
    async def show(channel_id: int) -> str:
        if channel_id == NO_ID:
            raise NotFound
        async with db.begin() as session:
            await session.execute(update(Channel).values(last_error="Seen."))
        return "<!doctype html>"

    app.view_functions["channel.show"] = show
    changing, _ = await find_changing(app, "channel.show")

    assert changing[0] == "/account/channels/<id:channel_id> as admin, own"
