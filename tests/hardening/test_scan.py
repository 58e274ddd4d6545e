"""What the scanners on demand are given is let in: what is refused tells them nothing."""

from typing import Any

import pytest
from quart import Quart

from tests.hardening.scan import add_query, choose_query
from tests.hardening.test_inputs import read_document
from tests.security.asking import find_rules, find_things, prepare
from tests.security.world import World

pytestmark = pytest.mark.tools


async def test_no_parameter_that_a_scanner_spoils_is_refused_when_it_is_right(app: Any) -> None:
    world, document, refused = World(app), await read_document(app), []
    asked = 0
    for rule in find_gets(app):
        sending = await prepare(world, rule, "admin", find_things(rule)[0])
        if query := choose_query(document, rule):
            answer = await sending.asker.client.get(add_query(sending.path, query))
            refused += [f"{rule}: {answer.status_code}"] if answer.status_code in (400, 422) else []
            asked += rule.endpoint.startswith("api_")

    assert refused == []
    assert asked > 30


def find_gets(app: Quart) -> list[Any]:
    rules = [rule for rule in find_rules(app) if not rule.websocket]
    return [rule for rule in rules if "GET" in (rule.methods or ())]
