"""What two databases have to agree on: what an answer says, but for ids, times and secrets."""

import json
import re
from typing import Any

from tests.hardening.calling import Reply

# JSON that names its values is masked by these names, and by their endings.
NAMED = {
    "id": "an id",
    **dict.fromkeys(("at", "until", "since"), "a time"),
    **dict.fromkeys(("request_id", "token", "secret", "link", "next_cursor"), "a secret"),
    **dict.fromkeys(("waited", "dns", "connect", "tls", "first_byte"), "a duration"),
    **dict.fromkeys(("up", "down", "unknown", "late", "lag", "ms"), "a duration"),
}
ENDINGS = {"_id": "an id", "_at": "a time", "_since": "a time", "_until": "a time"}
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"

# Elsewhere a number is known by what stands around it; the order counts.
KINDS: list[tuple[str, re.Pattern[str]]] = [
    ("how long ago", re.compile(r"<time[^>]*>[^<]*</time>")),
    ("time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")),
    ("time", re.compile(rf"(\w{{3}}, )?\d\d? ({MONTHS})\w* \d{{4}} \d\d:\d\d:\d\d( GMT)?")),
    ("secret", re.compile(r"qa_[\w-]*|[A-Za-z0-9_.\-]{20,}")),
    ("cursor", re.compile(r"(?<=[?&;](?:after|since)=)[\w%=-]+|(?<=cursor=)[\w%=-]+")),
    ("id", re.compile(r"(?P<kept>There is no [a-z]+ | on entity )\d+")),  # in words
    ("id", re.compile(r'(?P<kept> id="(s|bug-|outage-|incident-))\d+(?=")')),  # of an element
    ("id", re.compile(r"(?<=/)\d+(?=[/\"'?#&<\s.]|$)")),  # of an address
]


def describe(reply: Reply) -> tuple[int, str, str]:
    """Return the status, what kind of answer it is and where it leads, and what it says."""
    kind = reply.headers.get("content-type", "").partition(";")[0]
    location = mask_text(reply.headers.get("location", ""))
    return reply.status, f"{kind} {location}", mask(kind, reply.body.decode(errors="replace"))


def mask(kind: str, body: str) -> str:
    if kind.endswith("json"):
        lines = body.splitlines() if "nd" in kind else [body]
        return "\n".join(mask_json(line) for line in lines)
    return mask_text(body)


def mask_json(text: str) -> str:
    try:
        return json.dumps(mask_value(json.loads(text)))
    except ValueError:
        return mask_text(text)


def mask_value(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: mask_value(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask_value(one, name) for one in value]
    hidden = NAMED.get(name) or ENDINGS.get(name[-3:]) or ENDINGS.get(name[-6:])
    if hidden and value is not None and not isinstance(value, bool):
        return f"<{hidden}>"
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    for name, pattern in KINDS:
        kept = r"\g<kept>" if "kept" in pattern.groupindex else ""
        text = pattern.sub(f"{kept}<{name}>", text)
    return text


def find_difference(one: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    if one[:2] != other[:2]:
        said = f"{find_detail(one)} / {find_detail(other)}"
        return f"{one[:2]} on sqlite, {other[:2]} on postgres: {said}"
    first, second = str(one[2]), str(other[2])
    start = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    cut = slice(max(start - 60, 0), start + 60)
    return f"{one[0]}, but {first[cut]!r} on sqlite, {second[cut]!r} on postgres"


def find_detail(told: tuple[Any, ...]) -> str:
    try:
        return str(json.loads(told[2])["detail"])
    except (ValueError, KeyError, TypeError):
        return ""
