"""Logging: one configuration for all loggers, a request id on each line, files that rotate."""

import functools
import logging
import logging.config
import os
import sys
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from quart import Quart

from quartapp.log.formats import JsonLines, TextLines

FILES = "concurrent_log_handler"  # with what it imports 25 MB, loaded where there is a file
TELLTALES = ("aiosqlite", "hpack")  # at DEBUG they print the values of rows and headers

request_id: ContextVar[str] = ContextVar("request_id", default="-")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")  # of OpenTelemetry, where it is set


class LogFileError(ValueError):
    """LOG_FILE names what cannot be written."""


def init_app(app: Quart) -> None:
    """Set up all logging of the process; LogFileError if the file cannot be written."""
    level = app.config["LOG_LEVEL"]
    handlers = describe_handlers(app)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"text": {"()": TextLines}, "json": {"()": JsonLines}},
            "filters": {
                "request_id": {"()": lambda: add_request_id},
                "one_console": {"()": lambda: drop_own_console},
            },
            "handlers": handlers,
            "root": {"level": level, "handlers": list(handlers)},
            "loggers": {  # who is named here loses the handlers that a framework gave it
                app.name: {"level": level},
                "hypercorn.error": {"filters": ["one_console"]},
                **{name: {"level": "WARNING"} for name in TELLTALES},
            },
        }
    )


def describe_handlers(app: Quart) -> dict[str, dict[str, Any]]:
    common = {
        "formatter": app.config["LOG_FORMAT"],
        "filters": ["request_id"],
        ".": {"handleError": report_loss},
    }
    handlers: dict[str, dict[str, Any]] = {"console": {"()": Console, **common}}
    if app.config["LOG_FILE"]:
        handlers["file"] = {**describe_file(app), **common}
    return handlers


def describe_file(app: Quart) -> dict[str, Any]:
    """Describe a file that several processes may write and rotate; its lock lies beside it."""
    shared = {
        "filename": make_file(Path(app.config["LOG_FILE"])),
        "backupCount": app.config["LOG_BACKUPS"],
        "encoding": "utf-8",
        "chmod": 0o600,
    }
    if app.config["LOG_ROTATION"] == "time":
        when = {"when": app.config["LOG_WHEN"], "utc": True}
        return {"()": f"{FILES}.ConcurrentTimedRotatingFileHandler", **shared, **when}
    return {
        "()": f"{FILES}.ConcurrentRotatingFileHandler",
        **shared,
        "maxBytes": app.config["LOG_MAX_BYTES"],
    }


def make_file(path: Path) -> str:
    """Make sure, before anything is served, that the file can be written and rotated."""
    path = path.absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600))
    except OSError as error:
        raise LogFileError(f"LOG_FILE: {path} cannot be written ({error.strerror}).") from error
    if not path.is_file() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise LogFileError(f"LOG_FILE: {path} cannot be rotated.")
    return str(path)


class Console(logging.StreamHandler[TextIO]):
    """Whatever stderr is at the moment of writing."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    if trace := trace_id.get():
        record.trace_id = trace  # JSON lines have what a record has besides
    return True


def drop_own_console(record: logging.LogRecord) -> bool:
    """Hypercorn gives its logger a console when it starts: that would say each line twice."""
    logger = logging.getLogger(record.name)
    for handler in logger.handlers[:]:
        if type(handler) is logging.StreamHandler:
            logger.removeHandler(handler)
    return True


def report_loss(_record: logging.LogRecord) -> None:
    """Drop a line that cannot be written, a full disk for one; the app goes on."""
    if logging.raiseExceptions:
        error = sys.exception()
        reason = getattr(error, "strerror", None) or "the line cannot be formatted"
        say_once(f"quartapp.log: lines are lost: {type(error).__name__}, {reason}\n")


@functools.lru_cache(maxsize=32)
def say_once(text: str) -> None:
    with suppress(Exception):
        sys.stderr.write(text)
