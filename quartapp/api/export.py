"""A whole listing as one stream, CSV or NDJSON: `@exports(bp, "/bugs", …)`."""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import wraps
from typing import Any, get_args

from pydantic import BaseModel
from quart import Blueprint, Quart, Response, current_app, request
from quart_schema import validate_querystring

from quartapp.api.openapi import streams
from quartapp.auth import guard_stream, login_required
from quartapp.extensions import db
from quartapp.models.cell import quote_cell
from quartapp.services.export import Reading

TIMEOUT = 3600.0  # seconds for a client to take it all
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
Column = tuple[str, ...]
Write = Callable[[Iterable[dict[str, Any]]], str]
View = Callable[..., Awaitable[Reading]]


def exports(
    bp: Blueprint, path: str, wanted: type[BaseModel], out: type[BaseModel]
) -> Callable[[View], View]:
    """Answer at *path*.csv and *path*.ndjson with all that the view wants read."""

    def register(view: View) -> View:
        for kind in MEDIA_TYPES:
            route = login_required(validate_querystring(wanted)(make_view(view, kind, out)))
            route = streams(MEDIA_TYPES[kind].partition(";")[0])(route)
            bp.add_url_rule(f"{path}.{kind}", f"{view.__name__}_{kind}", route, methods=["GET"])
        return view

    return register


def make_view(view: View, kind: str, out: type[BaseModel]) -> Callable[..., Awaitable[Response]]:
    @wraps(view)
    async def answer(**arguments: Any) -> Response:
        reading = await view(**arguments)
        # Read before the answer begins, so that what fails then can still be told.
        first = await reading.read_after(db.session)
        return make_stream(reading, first, kind, out)

    return answer


def make_stream(reading: Reading, first: list[Any], kind: str, out: type[BaseModel]) -> Response:
    head, write = make_writer(kind, out)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    parts = guard_stream(read_parts(app, reading, first))
    body = "" if request.method == "HEAD" else encode(parts, head, write, out)
    name = request.path.partition("/v1/")[2].replace("/", "-")
    return make_file(body, name, MEDIA_TYPES[kind])


def make_file(body: Any, name: str, media_type: str) -> Response:
    response = Response(body, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.timeout = TIMEOUT
    return response


async def read_parts(app: Quart, reading: Reading, part: list[Any]) -> AsyncIterator[list[Any]]:
    """Yield part after part; the database is not held while the client takes one."""
    while part:
        yield part
        async with app.app_context(), db.read() as session:
            part = await reading.read_after(session, part[-1])


async def encode(
    parts: AsyncIterator[list[Any]], head: str, write: Write, out: type[BaseModel]
) -> AsyncIterator[bytes]:
    yield head.encode()
    async for part in parts:
        yield write(out.model_validate(row).model_dump(mode="json") for row in part).encode()


# --- formats


def make_writer(kind: str, out: type[BaseModel]) -> tuple[str, Write]:
    """Return what comes first, and what writes the rows of a part."""
    if kind == "ndjson":
        return "", write_lines
    columns = list(list_columns(out))
    head = write_cells([[".".join(column) for column in columns]])
    return head, lambda rows: write_cells(
        [show_cell(find_value(row, column)) for column in columns] for row in rows
    )


def write_lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def write_cells(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def list_columns(model: type[BaseModel]) -> Iterator[Column]:
    """Name the columns of a model; what has parts is one column for each."""
    for name, field in model.model_fields.items():
        inner = find_model(field.annotation)
        below: Iterable[Column] = list_columns(inner) if inner else [()]
        yield from ((name, *rest) for rest in below)


def find_model(kind: Any) -> type[BaseModel] | None:
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def find_value(row: Any, column: Column) -> Any:
    for name in column:
        row = None if row is None else row[name]
    return row


def show_cell(value: Any) -> str:
    if isinstance(value, str):
        return quote_cell(value)
    return "" if value is None else json.dumps(value)
