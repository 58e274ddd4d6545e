"""Where in a request something nasty may stand: found in the map of routes, never listed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from werkzeug.routing import Rule

from tests.hardening import nasty_files
from tests.hardening.nasty import BODIES, TEXTS, VALUES, WORDS
from tests.hardening.noting import noted
from tests.security.asking import SAFE, is_of_api
from tests.security.expectations import ROUTES

UNKNOWN = "nasty"  # a parameter that no view knows
COOKIES = ("quartapp", "session", "remember", UNKNOWN)
DEEPEST = 4  # levels of a JSON body
FILES = {  # of a file: what it is called, said to be, and contains
    "name": [*TEXTS],
    "type": [f"#{number}" for number in range(len(nasty_files.TYPES))],
    "content": [*nasty_files.CONTENTS],
}
Step = str | int


class Place(NamedTuple):
    """One spot of a request: what kind it is of, and its name or its way into the JSON."""

    kind: str
    way: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.way))}"

    @property
    def nasties(self) -> list[str]:
        """The names of what is put there."""
        if self.kind == "body":
            return [*BODIES]
        if self.kind == "message":
            return [*VALUES, *(f"as text: {name}" for name in TEXTS)]
        if self.kind == "file":
            return FILES[str(self.way[1])]
        if self.kind == "header":
            return [*(f"#{number}" for number in range(len(WORDS[str(self.way[0])]))), *TEXTS]
        return [*(VALUES if self.kind == "json" else TEXTS)]


def find_places(document: dict[str, Any], rule: Rule, method: str) -> Iterator[Place]:
    """Yield what belongs to the route itself, then what any request has."""
    operation = find_operation(document, rule, method)
    yield from (Place("path", (name,)) for name in sorted(rule.arguments))
    queries = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    queries |= noted[rule.endpoint, "query"] | {UNKNOWN}
    yield from (Place("query", (name,)) for name in sorted(queries))
    if rule.websocket:
        yield Place("message", ())
    if method in SAFE:
        return
    if is_of_api(rule):
        schema = find_schema(operation)
        yield from (Place("json", way) for way in sorted(find_ways(document, schema), key=str))
    else:
        fields = noted[rule.endpoint, "form"] | set(ROUTES[rule.endpoint].body or {})
        yield from (Place("form", (name,)) for name in sorted(fields))
        uploads = noted[rule.endpoint, "file"]
        yield from (Place("file", (name, part)) for name in sorted(uploads) for part in FILES)
    yield Place("body", ())


def find_common_places() -> list[Place]:
    headers = [Place("header", (name,)) for name in WORDS]
    return [*headers, *(Place("cookie", (name,)) for name in COOKIES)]


def find_operation(document: dict[str, Any], rule: Rule, method: str) -> dict[str, Any]:
    name = "_".join(rule.endpoint.split(".")[1:])
    for operations in document["paths"].values():
        operation: dict[str, Any] = operations.get(method.lower(), {})
        if operation.get("operationId") == name and is_of_api(rule):
            return operation
    return {}


def find_schema(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return next((media["schema"] for media in content.values()), {})


def find_ways(
    document: dict[str, Any], schema: dict[str, Any], way: tuple[Step, ...] = ()
) -> set[tuple[Step, ...]]:
    """Return the way to each property, also to those below others."""
    if len(way) > DEEPEST:
        return set()
    if reference := schema.get("$ref"):
        return find_ways(document, document["components"]["schemas"][reference.split("/")[-1]], way)
    found = {way} if way else set()
    for name, inner in schema.get("properties", {}).items():
        found |= find_ways(document, inner, (*way, name))
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        found |= find_ways(document, inner, way)
    if "items" in schema:
        found |= find_ways(document, schema["items"], (*way, 0))
    return found
