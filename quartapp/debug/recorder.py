"""Writes down what requests do: their statements, templates, log lines and time."""

import asyncio
import logging
import sys
import time
from collections import deque
from pathlib import Path
from types import FrameType
from typing import Any, cast

from greenlet import getcurrent  # which SQLAlchemy brings
from quart import (
    Quart,
    Response,
    current_app,
    g,
    has_request_context,
    render_template,
    request,
    request_started,
    template_rendered,
)
from quart.wrappers.response import DataBody
from sqlalchemy import event

from quartapp.debug.record import Record, Records, Statement, make_records
from quartapp.extensions import db
from quartapp.log import request_id

PACKAGE = Path(__file__).parent.parent
OURS_BUT_DUMB = (str(PACKAGE / "debug"), str(PACKAGE / "database"))  # no statement begins there
STEP = 0.05  # s between two looks at the event loop
SAMPLES = 2_000
PANEL_END = b"</body>"


def watch_app(app: Quart) -> None:
    app.extensions["debug_records"] = make_records()
    app.extensions["debug_lags"] = deque[tuple[float, float]](maxlen=SAMPLES)
    request_started.connect(begin, app)
    template_rendered.connect(note_template, app)
    app.after_request(finish)
    app.before_serving(start)
    app.after_serving(stop)
    logging.getLogger().addHandler(Notes())


def find_record() -> Record | None:
    return g.get("debug_record") if has_request_context() else None


def get_records() -> Records:
    return cast(Records, current_app.extensions["debug_records"])


async def begin(_app: Quart, **_: Any) -> None:
    g.debug_record = Record(
        request_id.get(), request.method, request.full_path.rstrip("?"), [*request.headers]
    )


async def note_template(_app: Quart, template: Any, **_: Any) -> None:
    if record := find_record():
        record.templates.append(str(template.name))


async def start() -> None:
    app: Any = current_app
    engine = db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note_start)
    event.listen(engine, "after_cursor_execute", note_statement)
    app.extensions["debug_lag_task"] = asyncio.create_task(
        measure_lag(app.extensions["debug_lags"])
    )


async def stop() -> None:
    app: Any = current_app
    task: asyncio.Task[None] = app.extensions.pop("debug_lag_task")
    task.cancel()
    await asyncio.wait([task])
    event.remove(db.engine.sync_engine, "before_cursor_execute", note_start)
    event.remove(db.engine.sync_engine, "after_cursor_execute", note_statement)


async def measure_lag(lags: deque[tuple[float, float]]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(STEP)
        now = time.monotonic()
        lags.append((now, now - before - STEP))


def note_start(
    _connection: Any, _cursor: Any, _text: str, _values: Any, context: Any, *_: Any
) -> None:
    context.debug_began = time.monotonic()


def note_statement(
    _connection: Any, _cursor: Any, text: str, _values: Any, context: Any, *_: Any
) -> None:
    if record := find_record():
        seconds = time.monotonic() - context.debug_began
        record.statements.append(Statement(text, seconds, find_place()))


def find_place() -> str:
    """Return the line of ours that sends the statement which runs now.

    SQLAlchemy runs it in a greenlet, whose parent is where our coroutine waits.
    """
    parent = getcurrent().parent
    frame: FrameType | None = parent.gr_frame if parent else sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(str(PACKAGE)) and not name.startswith(OURS_BUT_DUMB):
            place = Path(name).relative_to(PACKAGE.parent)
            return f"{place}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return ""


class Notes(logging.Handler):
    """Writes what is logged during a request into its record."""

    def emit(self, entry: logging.LogRecord) -> None:
        if record := find_record():
            record.logs.append(f"{entry.levelname} {entry.name}: {entry.getMessage()}")


async def finish(response: Response) -> Response:
    record = find_record()
    if record is None or request.blueprint == "debug":
        return response
    now = time.monotonic()
    record.seconds = now - record.began
    record.status, record.endpoint = response.status_code, request.endpoint or ""
    record.lag = max((lag for at, lag in find_lags() if at >= record.began), default=0.0)
    record.answer_headers = [*response.headers]
    get_records().appendleft(record)
    response.headers["Server-Timing"] = record.write_timing()
    if response.mimetype == "text/html" and isinstance(response.response, DataBody):
        await add_panel(response, record)
    return response


def find_lags() -> list[tuple[float, float]]:
    return [*current_app.extensions["debug_lags"]]


async def add_panel(response: Response, record: Record) -> None:
    page = await response.get_data(as_text=False)
    head, end, tail = page.rpartition(PANEL_END)
    if end:
        panel = await render_template("debug/panel.html", record=record)
        response.set_data(head + panel.encode() + end + tail)
