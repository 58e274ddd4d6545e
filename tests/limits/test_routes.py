"""Every route has a limit, or is exempt because somebody said so."""

from quart import Quart

from quartapp.limits import limit, unlimited
from quartapp.limits.rules import find_rules


def find_undecided(app: Quart) -> list[str]:
    rules = app.url_map.iter_rules()
    return sorted(rule.endpoint for rule in rules if find_rules(app, rule.endpoint) is None)


def find_exempt(app: Quart) -> set[str]:
    rules = app.url_map.iter_rules()
    return {rule.endpoint for rule in rules if find_rules(app, rule.endpoint) == []}


async def answer() -> str:
    return "done"


def test_every_route_is_limited_or_exempt(fresh_app: Quart) -> None:
    assert find_undecided(fresh_app) == []


def test_few_are_exempt(fresh_app: Quart) -> None:
    assert find_exempt(fresh_app) == {"health.livez", "health.readyz", "static"}


def test_sockets_are_among_the_routes(fresh_app: Quart) -> None:
    sockets = {rule.endpoint for rule in fresh_app.url_map.iter_rules() if rule.websocket}

    assert sockets == {"api_v1.comment.live", "api_v1.live.live"}


def test_nobody_is_limited_and_exempt(fresh_app: Quart) -> None:
    both = {
        name
        for name, view in fresh_app.view_functions.items()
        if getattr(view, "unlimited", False) and getattr(view, "limits", ())
    }

    assert both == set()


def test_route_without_a_limit_is_found(fresh_app: Quart) -> None:
    fresh_app.add_url_rule("/forgotten", "forgotten", answer)
    fresh_app.add_websocket("/forgotten-socket", "forgotten_socket", answer)

    assert find_undecided(fresh_app) == ["forgotten", "forgotten_socket"]


def test_route_with_a_limit_or_an_exemption_of_its_own_is_decided(fresh_app: Quart) -> None:
    async def own() -> str:
        return "done"

    fresh_app.add_url_rule("/limited", "limited", limit("5/minute")(own))
    fresh_app.add_url_rule("/exempt", "exempt", unlimited(answer))

    assert find_undecided(fresh_app) == []
