"""Each method of each route, for each asker and object, on both databases."""

import json

import pytest
from quart import Quart
from werkzeug.routing import Rule

from tests.security.asking import (
    REFUSED,
    SAFE,
    find_methods,
    find_outcome,
    find_rules,
    find_things,
    prepare,
    try_socket,
)
from tests.security.expectations import ROUTES, find_expectation, route
from tests.security.world import ASKERS, World

ECHOES = {"HEAD", "OPTIONS"}  # GET's view, or none at all: one object is enough


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def list_methods(app: Quart) -> set[tuple[str, str]]:
    return {
        (rule.endpoint, method)
        for rule in find_rules(app)
        for method in find_methods(rule) - ECHOES
    }


def list_expected_methods() -> set[tuple[str, str]]:
    return {(endpoint, method) for endpoint, route in ROUTES.items() for method in route.policies}


async def find_outcomes(world: World, rule: Rule, asker: str, thing: str) -> dict[str, str]:
    """Return what becomes of each method; whatever it may change is made for it."""
    if rule.websocket:
        sending = await prepare(world, rule, asker, thing)
        said = {"OPEN": "", "SAY": json.dumps(sending.body) if sending.body else "Moved."}
        return {name: await try_socket(sending, message=text) for name, text in said.items()}
    outcomes = {}
    methods = find_methods(rule) - (set() if thing in ("-", "own") else ECHOES)
    for method in sorted(methods, key=lambda method: (method not in SAFE, method)):
        outcomes[method] = await find_outcome(await prepare(world, rule, asker, thing), method)
        if method not in SAFE and outcomes[method] not in REFUSED:
            world.end()
    return outcomes


async def find_wrong_cells(app: Quart, endpoint: str) -> list[str]:
    world = World(app)
    cells = [
        (method, asker, thing, outcome)
        for rule in find_rules(app, endpoint)
        for asker in ASKERS
        for thing in find_things(rule)
        for method, outcome in (await find_outcomes(world, rule, asker, thing)).items()
    ]
    assert cells, "There is no such route."
    return [
        f"{method} as {asker}, {thing}: {outcome}, expected {expected}"
        for method, asker, thing, outcome in cells
        if outcome != (expected := find_expectation(endpoint, method, asker, thing))
    ]


@pytest.mark.parametrize("endpoint", ROUTES)
async def test_every_cell_is_as_expected(app: Quart, endpoint: str) -> None:
    assert await find_wrong_cells(app, endpoint) == []


def test_every_route_has_an_expectation(fresh_app: Quart) -> None:
    assert list_methods(fresh_app) == list_expected_methods()


def test_route_without_an_expectation_is_found(fresh_app: Quart) -> None:
    async def answer() -> str:
        return "done"

    fresh_app.add_url_rule("/new", "new", answer, methods=["GET", "POST"])
    fresh_app.add_websocket("/new-socket", "new_socket", answer)

    unexpected = list_methods(fresh_app) - list_expected_methods()
    assert unexpected == {
        ("new", "GET"),
        ("new", "POST"),
        ("new_socket", "OPEN"),
        ("new_socket", "SAY"),
    }


async def test_cell_without_an_expectation_is_wrong(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROUTES, "health.livez", route(get="policy that nobody wrote"))
    wrong = await find_wrong_cells(app, "health.livez")

    assert len(wrong) == 2 * len(ASKERS)
    assert "GET as viewer, -: yes, expected None" in wrong
