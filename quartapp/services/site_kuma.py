"""The backup that Uptime Kuma 1 writes under Settings, or the list of monitors in it alone.

Uptime Kuma 2 writes none any more.
"""

import json
from typing import Any

from quartapp.errors import InvalidError
from quartapp.models.check import MAX_INTERVAL, find_timeout
from quartapp.models.expectation import clean_statuses
from quartapp.services.site_file import Row, check_length, find_values, skip_gap
from quartapp.services.site_foreign import Draft, UnfitError, show, take, tell_apart

KINDS = {"http", "keyword", "json-query"}
LIST = "monitorList"
# What monitors of sites have that has no counterpart here, with what says that it is not used.
NO_COUNTERPART: dict[str, tuple[Any, ...]] = {
    "body": ("",),
    "resendInterval": (0,),
    "domainExpiryNotification": (False,),
    "ignoreTls": (False, 0),
    "notificationIDList": ({}, []),
    "tags": ([],),
    "proxyId": (),
    "cacheBust": (False,),
    "ipFamily": (),
    "retryOnlyOnStatusCodeFailure": (False,),
}
FOLLOWED = 5  # redirects


def read_kuma(text: str) -> tuple[list[Row], list[str]]:
    """Return the monitors of sites, and what else of the file was left out."""
    whole = load(text)
    found = find_monitors(text, whole)
    groups = {
        monitor["id"]: str(monitor.get("name", ""))
        for _, monitor in found
        if isinstance(monitor, dict) and is_group(monitor) and isinstance(monitor.get("id"), int)
    }
    rows = [read_row(line, one, groups) for line, one in found if not is_group(one)]
    rest = [show(name, 60) for name in whole if name not in (LIST, "version")]
    return tell_apart(rows), rest if isinstance(whole, dict) else []


def is_group(monitor: Any) -> bool:
    return isinstance(monitor, dict) and monitor.get("type") == "group"


def load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise InvalidError(f"Line {line}: This is not JSON.") from error


def find_monitors(text: str, whole: Any) -> list[tuple[int, Any]]:
    """Return each monitor with its line."""
    monitors = whole.get(LIST) if isinstance(whole, dict) else whole
    if not isinstance(monitors, list):
        raise InvalidError(f"This is JSON, but no backup of Uptime Kuma: it has no {LIST}.")
    start = find_list(text) if isinstance(whole, dict) else text.index("[")
    check_length(monitors)
    return list(find_values(text, start))


def find_list(text: str) -> int:
    """Return where the list of monitors begins; the last one counts, as it does for `json`."""
    decoder, at, found = json.JSONDecoder(), text.index("{") + 1, 0
    while text[at := skip_gap(text, at)] != "}":
        key, at = decoder.raw_decode(text, at)
        start = skip_gap(text, text.index(":", at) + 1)
        _, at = decoder.raw_decode(text, start)
        found = start if key == LIST else found
    return found


def read_row(line: int, monitor: Any, groups: dict[int, str]) -> Row:
    draft = Draft(line)
    try:
        if not isinstance(monitor, dict):
            raise UnfitError("this is no monitor")
        read_place(draft, monitor, groups)
        read_way(draft, monitor)
        read_times(draft, monitor)
        read_expectation(draft, monitor)
        return draft.make_row()
    except ValueError as error:
        return draft.make_fault(error)


def read_place(draft: Draft, monitor: dict[str, Any], groups: dict[int, str]) -> None:
    draft.name = take(monitor, "name", str, "")
    kind = take(monitor, "type", str, "")
    if kind not in KINDS:
        raise UnfitError(f"monitors of type {show(kind, 40) or 'none'} have no counterpart")
    draft.url = take(monitor, "url", str, "")
    draft.content = take(monitor, "description", str, "")
    parent = take(monitor, "parent", int, 0)
    draft.group = groups.get(parent, "")
    draft.check["is_paused"] = not monitor.get("active", True)


def read_way(draft: Draft, monitor: dict[str, Any]) -> None:
    """Read how it is asked."""
    if monitor.get("upsideDown"):
        raise UnfitError("upsideDown: a site that answers is not down here")
    if method := monitor.get("authMethod") or (monitor.get("basic_auth_user") and "basic"):
        raise UnfitError(f"authMethod {show(method, 20)}: sites are asked without a login")
    draft.set_method(take(monitor, "method", str, "GET"))
    draft.set_headers(read_headers(take(monitor, "headers", str, "")))
    for name, unused in NO_COUNTERPART.items():
        if monitor.get(name) is not None and monitor[name] not in unused:
            draft.leave_out(name)
    if take(monitor, "maxredirects", int, FOLLOWED) < FOLLOWED:
        draft.leave_out("maxredirects")


def read_headers(text: str) -> list[str]:
    """Return their names; Uptime Kuma keeps them as a text in JSON."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    return list(found) if isinstance(found, dict) else ["?"]


def read_times(draft: Draft, monitor: dict[str, Any]) -> None:
    interval = take(monitor, "interval", int, 60)
    draft.set_interval(interval, "interval")
    draft.set_threshold("down_after", take(monitor, "maxretries", int, 0) + 1, "maxretries")
    if monitor.get("retryInterval") not in (None, 0, interval):
        draft.leave_out("retryInterval")
    usual = find_timeout(max(0, min(interval, MAX_INTERVAL)))
    if monitor.get("timeout") not in (None, 0, usual):
        draft.leave_out("timeout")


def read_expectation(draft: Draft, monitor: dict[str, Any]) -> None:
    codes = take(monitor, "accepted_statuscodes", list, ["200-299"])
    try:
        draft.set_statuses(clean_statuses(", ".join(map(str, codes))))
    except ValueError as error:
        raise UnfitError("accepted_statuscodes: no list of statuses here says the same") from error
    kind = monitor["type"]
    if kind == "keyword":
        column = "absent" if monitor.get("invertKeyword") else "present"
        draft.set_word(column, take(monitor, "keyword", str, ""), "keyword")
    if kind == "json-query":
        read_json_query(draft, monitor)


def read_json_query(draft: Draft, monitor: dict[str, Any]) -> None:
    path = take(monitor, "jsonPath", str, "")
    path = path if path.startswith("$") else f"$.{path}"
    if monitor.get("jsonPathOperator") in (None, "=="):
        draft.set_json(path, str(monitor.get("expectedValue") or ""), "jsonPath")
    else:
        draft.leave_out("jsonPath")
