"""OpenAPI links: what can be done with a thing that was just made, and by which id."""

import re
from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]


def link_made_things(document: dict[str, Any]) -> None:
    """Let each answer that makes something lead to all that its address offers."""
    for path, operations in document["paths"].items():
        made = operations.get("post", {}).get("responses", {}).get("201", {})
        if has_id(document, made):
            links = dict(find_links(document["paths"], path))
            made |= {"links": links} if links else {}


def has_id(document: dict[str, Any], answer: dict[str, Any]) -> bool:
    for content in answer.get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(name, content["schema"])
        return "id" in schema.get("properties", {})
    return False


def find_links(paths: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a link to each operation on what is made at *path*: nothing but its id is new to it.

    It stands below *path*, or where all of its kind do, as /bugs/{bug_id} of /entities/…/bugs.
    """
    kind = path.rpartition("/")[2]
    address = re.compile(rf"(?:{re.escape(path)}|/api/v1/{kind})/{{(\w+)}}[^{{]*")
    for other, operations in paths.items():
        if found := address.fullmatch(other):
            for operation in operations.values():
                yield operation["operationId"], make_link(operation, found[1])


def make_link(operation: Operation, name: str) -> dict[str, Any]:
    """Return a link that takes the new thing by its id, and what it is part of as it was asked."""
    names = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
    parameters = {one: f"$request.path.{one}" for one in names} | {name: "$response.body#/id"}
    return {
        "operationId": operation["operationId"],
        "parameters": parameters,
        "description": operation["summary"],
    }
