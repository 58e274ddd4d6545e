"""Values as bytes: bytes as they are, all else as JSON. Nothing that is read can run."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

BYTES, JSON = b"b", b"j"


def encode(value: Any) -> bytes:
    """TypeError or ValueError for what JSON does not know."""
    return BYTES + value if isinstance(value, bytes) else JSON + write_json(value)


def decode(data: bytes) -> Any:
    return data[1:] if data[:1] == BYTES else json.loads(data[1:])


def pack(value: bytes, versions: Mapping[str, str]) -> bytes:
    """Put before *value* of which versions of its tags it is."""
    return write_json(dict(versions)) + b"\n" + value


def unpack(data: bytes) -> tuple[bytes, dict[str, str]]:
    head, _, value = data.partition(b"\n")
    return value, json.loads(head)


def write_json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def write_arguments(arguments: Mapping[str, Any]) -> str:
    """Return a text that is another one for other arguments."""
    return write_json(make_plain(arguments)).decode()


def make_plain(value: Any) -> Any:
    kind = type(value).__qualname__
    if isinstance(value, Enum):
        return [kind, value.name]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return [kind, value.hex()]
    if isinstance(value, date):
        return [kind, value.isoformat()]
    if isinstance(value, tuple | list):
        return [kind, [make_plain(one) for one in value]]
    if isinstance(value, Mapping):
        return [kind, [[make_plain(key), make_plain(one)] for key, one in value.items()]]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [make_plain(getattr(value, one.name)) for one in dataclasses.fields(value)]
        return [kind, fields]
    raise TypeError(f"No key can be made of a {kind}; pass its id instead.")
