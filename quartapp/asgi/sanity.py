"""What text and JSON may hold: nothing that a database, a log or a parser stumbles over."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from quartapp.errors import BadRequestError, FieldError, InvalidError
from quartapp.texts import Text

MAX_DEPTH = 32
MAX_NODES = 10_000
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1  # what a BIGINT holds

# PostgreSQL keeps no NUL, UTF-8 has no lone surrogates.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")

# Possessive, and the closing quote optional: one pass, whatever is left open.
JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
JSON_BRACKET = re.compile(r"[][{}]")
# Only escapes make unstorable text, and only long digits make large numbers.
JSON_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|[0-9]{19}")

Location = tuple[str | int, ...]


def is_storable(text: str) -> bool:
    return UNSTORABLE.search(text) is None


def parse_json(data: bytes) -> Any:
    """Read *data* as strict JSON.

    BadRequestError for what is no JSON, repeats a key, or is too deep or too long;
    InvalidError for text and integers that could not be kept.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadRequestError(Text("The JSON is not encoded as UTF-8.")) from None
    check_size(text)
    value = load_json(text)
    if JSON_SUSPECT.search(text) and (faults := tuple(find_faults(value, ()))):
        raise InvalidError(Text("Some values cannot be kept."), faults)
    return value


def check_size(text: str) -> None:
    """Refuse what is deep or long before anything is built from it."""
    bare = JSON_STRING.sub("", text)
    if bare.count(",") + bare.count("[") + bare.count("{") > MAX_NODES:
        raise BadRequestError(
            Text("The JSON has more than %(max_nodes)s values.", max_nodes=MAX_NODES)
        )
    depth = 0
    for bracket in JSON_BRACKET.findall(bare):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise BadRequestError(
                Text("The JSON is nested deeper than %(max_depth)s levels.", max_depth=MAX_DEPTH)
            )


def load_json(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=make_object,
            parse_constant=refuse_constant,
            parse_float=make_float,
            parse_int=make_integer,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadRequestError(
            Text("The JSON cannot be read: %(msg)s (%(place)s).", msg=error.msg, place=place)
        ) from None


def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadRequestError(Text("The JSON repeats a key."))
    return found


def refuse_constant(name: str) -> None:
    raise BadRequestError(Text("%(name)s is not JSON.", name=name))


def make_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadRequestError(Text("The JSON has a number that is too large."))
    return value


def make_integer(digits: str) -> int:
    # Python refuses to read thousands of digits; a few of them are out of range already.
    return int(digits[:21])


def find_faults(value: Any, loc: Location) -> Iterator[FieldError]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from find_text_fault(key, loc)
            yield from find_faults(member, (*loc, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_faults(item, (*loc, index))
    elif isinstance(value, str):
        yield from find_text_fault(value, loc)
    elif isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        yield FieldError(printable(loc), Text("The number is out of range."), "number_out_of_range")


def find_text_fault(text: str, loc: Location) -> Iterator[FieldError]:
    if not is_storable(text):
        message = Text("The text has a NUL character or half of a surrogate pair.")
        yield FieldError(printable(loc), message, "unstorable_text")


def printable(loc: Location) -> Location:
    """Return *loc* as an answer can carry it: a key may be what is wrong."""
    return tuple(UNSTORABLE.sub("\ufffd", part) if isinstance(part, str) else part for part in loc)
