"""How a record reads: one line of text, or one JSON object."""

import copy
import json
import logging
import time
from collections import ChainMap
from types import TracebackType
from typing import Any, cast

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from quartapp.log.failures import format_traceback, is_quoting, name_error
from quartapp.log.redact import LIMIT, mask, redact, shorten, to_text

TEXT_FORMAT = "%(asctime)s %(levelname)-8s %(name)s [%(request_id)s] %(message)s"
JSON_FIELDS = {
    "asctime": "time",
    "levelname": "level",
    "message": "message",
    "name": "logger",
    "request_id": "request_id",
    "exc_info": "exception",
    "stack_info": "stack",
}


Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class UtcTime(logging.Formatter):
    """2025-01-31T23:59:59.123Z, wherever the machine stands; tracebacks without values."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatException(self, ei: Failure) -> str:  # noqa: N802
        return super().formatException(ei) if ei[1] is None else format_traceback(ei[1])


class TextLines(UtcTime):
    """A line per record; tracebacks follow indented, so that no text can pass for a line."""

    def __init__(self) -> None:
        super().__init__(TEXT_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        record = with_message(record)
        record.message, record.asctime = record.msg, self.formatTime(record)
        lines = [escape(self.formatMessage(record))]
        for block in self.format_blocks(record):
            lines += ["    " + escape(line) for line in redact(block).split("\n")]
        return "\n".join(lines)

    def format_blocks(self, record: logging.LogRecord) -> list[str]:
        """Return the traceback and the stack, as far as the record has them."""
        traceback = record.exc_text or ""
        if record.exc_info:
            traceback = self.formatException(record.exc_info)
        return [block for block in (traceback, record.stack_info or "") if block]


class JsonLines(UtcTime, JsonFormatter):
    """An object per line, in ASCII; what JSON cannot say, it says as text."""

    def __init__(self) -> None:
        super().__init__(
            list(JSON_FIELDS)[:5],
            rename_fields=JSON_FIELDS,
            reserved_attrs=[*RESERVED_ATTRS, *JSON_FIELDS.values()],
        )

    def format(self, record: logging.LogRecord) -> str:
        return super().format(with_message(record))

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        ready = {key: log_data.pop(key) for key in ("time", "level", "message")}
        masked = cast(dict[str, object], mask(log_data, to_plain))
        return ready | {key: fit(value) for key, value in masked.items()}


def with_message(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy whose message is complete and safe: others may read the record after us."""
    record = copy.copy(record)
    record.msg = to_plain(merge_arguments(record))
    record.args = None
    return record


def merge_arguments(record: logging.LogRecord) -> str:
    """Put the arguments into the message, masked by their keys, which the text may not show."""
    try:
        message = to_text(mask(record.msg, leave))
        return message % mask_arguments(record.args) if record.args else message
    except Exception:  # noqa: BLE001  # a line with wrong arguments is better than none
        return f"{to_text(record.msg)} (the arguments do not fit)"


def mask_arguments(arguments: object) -> object:
    masked = mask(arguments, leave)
    if isinstance(masked, dict) and type(arguments) is not dict:
        # Some mappings answer for keys that they do not list, such as those of hypercorn.
        return ChainMap(masked, cast(dict[object, object], arguments))
    return masked


def leave(value: object) -> object:
    """Return the value itself, unless it is a failure of the database whose text quotes others."""
    return name_error(value) if is_quoting(value) else value


def to_plain(value: object) -> Any:
    """Return what JSON has a word for, else redacted text."""
    value = leave(value)
    if value is None or (isinstance(value, int | float) and -1e300 < value < 1e300):
        return value
    return redact(to_text(value)).encode(errors="backslashreplace").decode()


def fit(value: object) -> object:
    """Return the value, or the beginning of its text when it is long; its texts are short."""
    if isinstance(value, list | tuple | dict) and len(text := json.dumps(value)) > LIMIT:
        return shorten(text)
    return value


def escape(text: str) -> str:
    """Spell out what could end the line, move the cursor or turn the direction of reading."""
    if text.isprintable():
        return text
    spelled = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shorten("".join(spelled))
