"""Secrets stay out of the log: by the key they stand under, and by the shape they have."""

import re
import string
from collections.abc import Callable, Mapping
from typing import cast

Items = list[object] | tuple[object, ...]

LIMIT = 65_536  # characters of one text
MASK = "***"

# Every repetition is bounded, possessive or runs to the end of the text: the time that a search
# takes grows with the length of the text and no faster.
_KEY = (
    r"(?:pass(?:w(?:or)?d|phrase)|pwd|secret|token|credential|api[-_]?key|csrf|(?<![a-z])dsn"
    r"|(?P<header>authorization|cookie))"
)
_IS_SECRET = re.compile(_KEY, re.IGNORECASE)
# A quote that nobody closes ends with its line: no visitor can blank what follows.
_QUOTED = (
    r"""b?(?P<quote>\\{0,8}["'])"""
    r"""(?:(?:\\.|[^\\])*?(?<!\\)(?P=quote)|(?:\\[^\r\n]|[^\\\r\n])*+\\?)"""
)
_LISTED = r"[\[({][^\])}\r\n]*+[\])}]?"
_PAIR = re.compile(
    rf"""({_KEY}[\w-]{{0,40}}+\\{{0,8}}+["']?\]?\s{{0,8}}+(?:[:!]?={{1,3}}>?|:|%3D)\s{{0,8}}+)"""
    rf"""(?:{_QUOTED}|{_LISTED}|(?(header)[^\r\n]+|[^\s&]+))""",
    re.IGNORECASE | re.DOTALL,
)
_TUPLE = re.compile(
    rf"""([(\[]b?["'][\w-]{{0,40}}?{_KEY}[\w-]{{0,40}}+["'],\s?){_QUOTED}""",
    re.IGNORECASE | re.DOTALL,
)
_BEARER = re.compile(r"\b(bearer\s{1,8}+)[\w.~+/=-]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(  # `host:80/` has no password
    r"""(://[^\s:/@]*+:)(?!\d{1,5}+(?:[^\w@]|\Z))[^\s@:]*+(?::(?!//)[^\s@:]*+)*+@(?:[^\s/@]{0,64}+@)*+"""
)
_SUSPECT = re.compile(rf"{_KEY}|://|bearer|qa_", re.IGNORECASE)  # most lines end here
_API_TOKEN = re.compile(r"qa_[\w-]{40,}")
_OF_TOKENS = string.ascii_letters + string.digits + "-_"


def to_text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  # the objects of strangers may raise anything
        return f"<unprintable {type(value).__name__}>"


def is_secret(key: object) -> bool:
    return _IS_SECRET.search(to_text(key)) is not None


def redact(text: str) -> str:
    """Mask every value that looks like a secret."""
    text = shorten(text)
    if not _SUSPECT.search(text):
        return text
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _URL_PASSWORD.sub(rf"\1{MASK}@", text)
    text = _API_TOKEN.sub(f"qa_{MASK}", text)
    text = _TUPLE.sub(rf"\1{MASK}", text)
    return _PAIR.sub(rf"\1{MASK}", text)


def shorten(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    # A token that is cut in two would not be known by its shape any more.
    end = LIMIT - 100  # leaves room for the mark
    kept = text[: end - 100] + text[end - 100 : end].rstrip(_OF_TOKENS)
    return f"{kept}… [{len(text) - len(kept)} characters cut]"


def mask(value: object, leaf: Callable[[object], object], depth: int = 5) -> object:
    """Mask by key in nested containers; what is none goes through `leaf`."""
    if depth and isinstance(value, Mapping):
        return {
            leaf(key): MASK if is_secret(key) else mask(item, leaf, depth - 1)
            for key, item in value.items()
        }
    if depth and type(value) in (list, tuple):  # a named tuple has its keys in its repr
        items = [mask(item, leaf, depth - 1) for item in mask_pair(cast(Items, value))]
        return tuple(items) if isinstance(value, tuple) else items
    return leaf(value)


def mask_pair(items: Items) -> Items:
    """Mask the second of two texts if the first is a key: headers come as such pairs."""
    is_pair = len(items) == 2 and all(isinstance(item, str | bytes) for item in items)
    return (items[0], MASK) if is_pair and is_secret(items[0]) else items
