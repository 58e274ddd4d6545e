"""The OpenAPI document: what quart-schema finds, and every status that a client may meet."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from quart_schema.conversion import model_schema
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import BaseConverter, Rule

from quartapp.api.idempotency import HEADER, PATTERN, REPLAYED, is_idempotent
from quartapp.api.links import link_made_things
from quartapp.api.v1.schemas import Problem
from quartapp.app import IdConverter
from quartapp.asgi.sanity import MAX_INTEGER

F = TypeVar("F", bound=Callable[..., Any])

PROBLEM = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}
ANY_REQUEST = {400, 429, 503}
WITH_LOGIN = {401}
WITH_ADMIN = {403}
WITH_ID = {404}
WITH_QUERY = {404, 422}  # a page past the last is not found
WITH_BODY = {413, 415, 422}
WITH_KEY = {409, 422}
WRITING = {403, 507}
LOCATION = {"Location": {"schema": {"type": "string"}, "description": "Its address."}}
DISPOSITION = {
    "Content-Disposition": {"schema": {"type": "string"}, "description": "The name of the file."}
}
RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A new one for each thing to do: sent again with it, the same is done once.",
    "schema": {"type": "string", "pattern": PATTERN},
}
CONDITIONS = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }
    for name, description in (
        ("If-Match", "ETags, or `*`: do it only if it is still as one of them names it."),
        ("If-None-Match", "ETags, or `*`: return it only if it is none of these by now."),
    )
]
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "What it is by now, in a name."}}
ANSWERED_BEFORE = {
    REPLAYED: {"schema": {"type": "string"}, "description": "`true`: answered by the key."}
}
LIMITS = {
    name: {"schema": {"type": "string"}, "description": description}
    for name, description in (
        ("RateLimit-Policy", "What is allowed: requests (q) in so many seconds (w)."),
        ("RateLimit", "What is left of it (r), and the seconds until there is more (t)."),
    )
}
HEADERS = {429: RETRY_AFTER | LIMITS, 503: RETRY_AFTER}


def may_answer(*statuses: int) -> Callable[[F], F]:
    """Document statuses that nothing else tells about a view: 409 of a taken name."""

    def mark(view: F) -> F:
        view.__dict__["may_answer"] = set(statuses)
        return view

    return mark


def answers_nothing(view: F) -> F:
    """Document that a view answers 204."""
    view.__dict__["answers_nothing"] = True
    return view


def streams(media_type: str) -> Callable[[F], F]:
    """Document that a view answers with a file."""

    def mark(view: F) -> F:
        view.__dict__["answers_stream"] = media_type
        return view

    return mark


def conditional(view: F) -> F:
    """Document that a view heeds If-Match and If-None-Match, and tells the ETag."""
    view.__dict__["conditional"] = True
    return view


class ApiProvider(OpenAPIProvider):
    """Document the routes of version 1 alone, each with its errors and a name that stays."""

    def generate_rules(self) -> Iterable[Rule]:
        return [rule for rule in super().generate_rules() if rule.endpoint.startswith("api_v1.")]

    def schema(self) -> dict[str, Any]:
        document = super().schema()
        problem = model_schema(Problem, schema_mode="serialization")
        document["components"]["schemas"].update(problem.pop("$defs"), Problem=problem)
        link_made_things(document)
        return document

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        parameter = super().build_path_parameter(name, converter)
        if isinstance(converter, IdConverter):
            bounds = {"minimum": 1, "maximum": MAX_INTEGER}
            parameter["schema"] = {"type": "integer", "format": "int64", **bounds}
        return parameter

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        view = self._app.view_functions[rule.endpoint]
        for operations in paths.values():
            for method, operation in operations.items():
                operation["parameters"] += list_headers(view, method)
                operation["responses"] = describe_answers(view, rule, method, operation)
                operation["tags"] = [rule.endpoint.split(".")[1]]
                operation["operationId"] = "_".join(rule.endpoint.split(".")[1:])
                operation["security"] = (
                    [{"bearer": []}, {"cookie": []}] if needs_login(view) else []
                )
                operation.get("requestBody", {})["required"] = True
        return paths, components


def list_headers(view: Callable[..., Any], method: str) -> list[dict[str, Any]]:
    """Return the headers that a view heeds besides those that any does."""
    keys = [KEY] if is_idempotent(view) else []
    return keys + (CONDITIONS if is_conditional(view) and method != "post" else [])


def is_conditional(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "conditional", False))


def needs_login(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "login_required", False))


def describe_answers(
    view: Callable[..., Any], rule: Rule, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    """Return the success that the view declares, and every error that it may end in."""
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    if getattr(view, "answers_nothing", False):
        answers["204"] = {"description": "Done; there is nothing to say."}
    if media_type := getattr(view, "answers_stream", ""):
        answers["200"] = describe_stream(media_type)
    if "201" in answers and needs_login(view):
        answers["201"] = {**answers["201"], "headers": LOCATION}
    told = {**ANSWERED_BEFORE} if is_idempotent(view) else {}
    told |= ETAG if is_conditional(view) and method != "delete" else {}
    answers = {status: add_headers(answer, told) for status, answer in answers.items()}
    if is_conditional(view) and method == "get":
        answers["304"] = {"description": "It is as you have it.", "headers": ETAG}
    for status in sorted(find_errors(view, rule, method, operation)):
        answers[str(status)] = describe_error(status)
    return answers


def add_headers(answer: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "headers": answer.get("headers", {}) | headers} if headers else answer


def describe_stream(media_type: str) -> dict[str, Any]:
    kind = "object" if media_type == "application/json" else "string"
    content = {media_type: {"schema": {"type": kind}}}
    return {"description": "All of it, as a file.", "content": content, "headers": DISPOSITION}


def find_errors(
    view: Callable[..., Any], rule: Rule, method: str, operation: dict[str, Any]
) -> set[int]:
    places = {parameter["in"] for parameter in operation["parameters"]}
    found = ANY_REQUEST | getattr(view, "may_answer", set())
    found |= WITH_LOGIN if needs_login(view) else set()
    found |= WITH_ADMIN if getattr(view, "admin_required", False) else set()
    found |= WITH_ID if "path" in places else set()
    found |= WITH_QUERY if "query" in places else set()
    found |= WITH_BODY if "requestBody" in operation else set()
    found |= WITH_KEY if is_idempotent(view) else set()
    found |= {412} if is_conditional(view) and method != "post" else set()
    found |= WRITING if method != "get" else set()
    return found


def describe_error(status: int) -> dict[str, Any]:
    answer = {"description": HTTPStatus(status).phrase, "content": PROBLEM}
    return {**answer, "headers": HEADERS[status]} if status in HEADERS else answer
