"""The configuration of Gatus: the endpoints of a YAML file that are sites."""

import re
from typing import Any

import yaml

from quartapp.errors import InvalidError
from quartapp.models.check import find_timeout
from quartapp.services.site_conditions import read_conditions
from quartapp.services.site_file import Row, check_length
from quartapp.services.site_foreign import Draft, UnfitError, read_seconds, show, take, tell_apart
from quartapp.services.site_yaml import find_child, find_line, make_value, read_mapping

VARIABLE = re.compile(r"\$[\w{][^\s}]{0,40}\}?")
UNSUPPORTED = ("dns", "ssh", "graphql")
LEFT_OUT = ("body", "extra-labels", "maintenance-windows", "ui", "store", "always-run")
KNOWN = {
    *("enabled", "name", "group", "url", "method", "headers", "interval", "conditions"),
    *("alerts", "client", *UNSUPPORTED, *LEFT_OUT),
}
# Of the client: what opens doors that stay shut here, and what is another here.
DOORS = ("oauth2", "identity-aware-proxy", "tls", "tunnel")
FAILURES, SUCCESSES = 3, 2  # that Gatus alerts after, unless it is told otherwise


def read_gatus(text: str) -> tuple[list[Row], list[str]]:
    """Return the endpoints that are sites, and what else of the file was left out."""
    root = read_mapping(text)
    endpoints = find_child(root, "endpoints")
    if not isinstance(endpoints, yaml.SequenceNode):
        raise InvalidError("This is YAML, but no configuration of Gatus: it has no endpoints.")
    rows = [read_row(node) for node in check_length(endpoints.value)]
    names = [show(key.value, 60) for key, _ in root.value if isinstance(key, yaml.ScalarNode)]
    return tell_apart(rows), [name for name in names if name != "endpoints"]


def read_row(node: yaml.Node) -> Row:
    draft = Draft(find_line(node))
    try:
        endpoint = make_value(node)
        if not isinstance(endpoint, dict):
            raise UnfitError("this is no endpoint")
        read_place(draft, endpoint)
        read_way(draft, endpoint)
        read_client(draft, take(endpoint, "client", dict, {}))
        read_times(draft, endpoint)
        read_alerts(draft, take(endpoint, "alerts", list, []))
        read_conditions(draft, take(endpoint, "conditions", list, []))
        return draft.make_row()
    except ValueError as error:
        return draft.make_fault(error)


def read_place(draft: Draft, endpoint: dict[str, Any]) -> None:
    draft.name = expand(take(endpoint, "name", str, ""))
    draft.group = expand(take(endpoint, "group", str, ""))
    draft.url = expand(take(endpoint, "url", str, ""))
    draft.check["is_paused"] = not take(endpoint, "enabled", bool, True)
    for name in UNSUPPORTED:
        if endpoint.get(name):
            raise UnfitError(f"{name} has no counterpart")
    scheme = draft.url.partition("://")[0]
    if scheme not in ("http", "https"):
        raise UnfitError(f"endpoints of {show(scheme, 20)} have no counterpart")


def expand(text: str) -> str:
    """Return a text as Gatus reads it, but for variables, which only its machine knows."""
    parts = text.split("$$")
    if found := next((part for part in map(VARIABLE.search, parts) if part), None):
        raise UnfitError(f"{found[0]} is a variable of the machine that Gatus runs on")
    return "$".join(parts)


def read_way(draft: Draft, endpoint: dict[str, Any]) -> None:
    """Read how it is asked."""
    draft.set_method(take(endpoint, "method", str, "") or "GET")
    draft.set_headers(take(endpoint, "headers", dict, {}))
    for name in LEFT_OUT:
        if endpoint.get(name):
            draft.leave_out(name)
    for unknown in sorted(map(str, endpoint.keys() - KNOWN)):
        draft.leave_out(unknown)


def read_client(draft: Draft, client: dict[str, Any]) -> None:
    for name in DOORS:
        if client.get(name):
            raise UnfitError(f"client.{name}: sites are asked directly, and without a login")
    for name, value in client.items():
        if value and name not in (*DOORS, "timeout"):
            draft.leave_out(f"client.{name}")


def read_times(draft: Draft, endpoint: dict[str, Any]) -> None:
    try:
        interval = read_seconds(take(endpoint, "interval", str, "1m"))
    except ValueError as error:
        raise UnfitError("interval is not like 30s or 5m") from error
    draft.set_interval(interval, "interval")
    timeout = take(endpoint, "client", dict, {}).get("timeout")
    if timeout and timeout != f"{find_timeout(draft.check['interval']):g}s":
        draft.leave_out("client.timeout")


def read_alerts(draft: Draft, alerts: list[Any]) -> None:
    """Read after how many looks the first alert is told; whom it tells is left out."""
    found = [alert for alert in alerts if isinstance(alert, dict)]
    for alert in found[:1]:
        failures = take(alert, "failure-threshold", int, 0) or FAILURES
        successes = take(alert, "success-threshold", int, 0) or SUCCESSES
        draft.set_threshold("down_after", failures, "failure-threshold")
        draft.set_threshold("up_after", successes, "success-threshold")
    for alert in found:
        draft.leave_out(f"alerts ({alert.get('type')})")
