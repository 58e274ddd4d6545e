"""In a JSON body each value has its own type: `"7"` is no number, `1` no flag, `0` no day."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from quartapp.api.v1.schemas.base import Flag, In, Whole
from quartapp.app import QuartApp

pytestmark = pytest.mark.contract

SAMPLES: dict[str, list[Any]] = {  # what could be taken for something else, by its type
    "boolean": [False, True],
    "integer": [0, 1, 7],
    "number": [1.0, 1.5],
    "string": ["", "0", "7", "1.5", "true"],
    "null": [None],
}
ALSO = {"number": {"integer"}}  # in JSON, what is whole is a number as well
Way = tuple[str | int, ...]
Schema = dict[str, Any]


def find_models(model: type[BaseModel] = In) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from find_models(one)


def find_types(schema: Schema, named: Schema, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """Yield each place of a body with a type that it may have; the body itself is none."""
    if reference := schema.get("$ref"):
        yield from find_types(named[reference.rpartition("/")[2]], named, way)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from find_types(choice, named, way)
    for name, inner in schema.get("properties", {}).items():
        yield from find_types(inner, named, (*way, name))
    for name, inner in (("items", 0), ("additionalProperties", "key")):
        if isinstance(schema.get(name), dict):
            yield from find_types(schema[name], named, (*way, inner))
    if way and "type" in schema:
        yield way, schema["type"]


def build(way: Way, value: Any) -> Any:
    """Return a body with *value* at the end of *way*, and nothing else."""
    for step in reversed(way):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def is_refused(model: type[BaseModel], way: Way, value: Any) -> bool:
    """Tell whether *model* says that what stands there is wrong, beside all that is missing."""
    try:
        model.model_validate_json(json.dumps(build(way, value)))
    except ValidationError as error:
        wrong = [one["loc"] for one in error.errors() if one["type"] != "missing"]
        return any(loc[: len(way)] == way for loc in wrong)
    return False


def find_loose(model: type[BaseModel]) -> tuple[list[str], int]:
    """Return where a value of another type is taken, and how many were tried."""
    schema = model.model_json_schema(by_alias=True)
    types: dict[Way, set[str]] = {}
    for way, kind in find_types(schema, schema.get("$defs", {})):
        types.setdefault(way, set()).update({kind} | ALSO.get(kind, set()))
    tried = [
        (way, value)
        for way, allowed in types.items()
        for kind, samples in SAMPLES.items()
        if kind not in allowed
        for value in samples
    ]
    loose = [
        f"{model.__name__}.{'.'.join(map(str, way))} = {json.dumps(value)}"
        for way, value in tried
        if not is_refused(model, way, value)
    ]
    return loose, len(tried)


def test_no_value_of_a_body_is_taken_for_one_of_another_type(
    record_property: Callable[..., None],
) -> None:
    found = [find_loose(model) for model in find_models()]

    record_property("contract: values of another type", sum(count for _, count in found))
    assert [where for loose, _ in found for where in loose] == []


async def test_every_body_is_one_of_these(fresh_app: QuartApp) -> None:
    response = await fresh_app.test_client().get("/api/v1/openapi.json")
    document = await response.get_json()
    asked = {
        media["schema"]["title"]
        for operations in document["paths"].values()
        for operation in operations.values()
        for media in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert asked
    assert asked <= {model.__name__ for model in find_models()}


def test_loose_place_is_found_wherever_it_is() -> None:
    class Inner(BaseModel):
        flag: bool | None = None
        strict: Flag = True

    class Loose(BaseModel):
        number: Whole | None
        inner: list[Inner]
        figures: dict[str, float]
        day: date
        either: int | str = 0

    loose, tried = find_loose(Loose)
    assert {where.partition(" ")[0] for where in loose} == {
        *("Loose.inner.0.flag", "Loose.figures.key", "Loose.day", "Loose.either")
    }
    assert tried > len(loose)
