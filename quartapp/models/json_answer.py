"""Whether an answer in JSON says what it should, where it should. Safe in a thread."""

import json
from typing import Any, NoReturn

from quartapp.models.json_path import TooManyNodesError, find_nodes
from quartapp.models.look import Look
from quartapp.models.words import clean_line
from quartapp.texts import Text, find_text

MAX_CONTAINERS = 100_000  # lists and objects: json would hold up the whole process for more
SHOWN = 60  # characters of what was found


class UnreadableError(ValueError):
    """An answer that is not read as JSON; the message says why."""


def find_fault(look: Look, path: str, value: str) -> str:
    """Return what is wrong with the JSON of an answer, in words; "" when nothing is.

    All that *path* leads to has to be *value*; without one it has to lead somewhere.
    """
    try:
        found = find_nodes(read_json(look), path)
        fault = find_other(found, path, value) if value else ""
    except UnreadableError as error:
        return find_text(error)
    except TooManyNodesError:
        return Text("%(path)s leads through too many values.", path=path)
    except RecursionError:
        return Text("Its JSON is nested too deeply.")
    return fault if found else Text("%(path)s leads to nothing.", path=path)


def read_json(look: Look) -> Any:
    if look.is_cut:
        raise UnreadableError(Text("It is too long to be read as JSON."))
    if look.body.count(b"[") + look.body.count(b"{") > MAX_CONTAINERS:
        raise UnreadableError(Text("It has too many lists and objects to be read as JSON."))
    try:
        return json.loads(look.body, parse_constant=refuse)
    except ValueError as error:
        raise UnreadableError(describe(look.body)) from error


def refuse(name: str) -> NoReturn:
    """Refuse what Python takes for JSON, and nobody else does: NaN and Infinity."""
    raise ValueError(name)


def describe(body: bytes) -> str:
    start = clean_line(body[: 4 * SHOWN].decode(errors="replace"), SHOWN)
    if not start:
        return Text("It is no JSON: it is empty.")
    return Text("It is no JSON: it starts with “%(start)s”.", start=start)


def find_other(found: list[Any], path: str, value: str) -> str:
    """Tell which value is another one; "" when none is.

    Text is compared as it is, and all else as JSON: `true`, `3`, `["a", "b"]`.
    """
    wanted = normalize(value)
    for node in found:
        if node != value and write_json(node) != wanted:
            said = clean_line(node if isinstance(node, str) else write_json(node), SHOWN)
            return Text(
                "It says “%(said)s” at %(path)s, not “%(value)s”.",
                said=said,
                path=path,
                value=value,
            )
    return ""


def normalize(value: str) -> str:
    """Return JSON as `write_json` does; "" for other text."""
    try:
        return write_json(json.loads(value))
    except ValueError:
        return ""


def write_json(node: object) -> str:
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
