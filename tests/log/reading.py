"""What the tests of a line share: fail, and read what was written."""

import json
import logging
from typing import Any, NoReturn

import pytest

CANARY = "Zq7canary"

logger = logging.getLogger(__name__)


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    *lines, end = capsys.readouterr().err.split("\n")
    assert end == ""
    return lines


def read_object(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line there is, read by the rules of JSON and nothing beyond them."""
    (line,) = read_lines(capsys)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return found


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def fail(text: str) -> None:
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise ValueError(text) from error
    except ValueError:
        logger.exception("It failed.")
