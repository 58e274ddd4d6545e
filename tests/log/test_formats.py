"""What a record looks like on the console, as text and as JSON."""

import logging
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn

import pytest

from quartapp.log.formats import escape
from quartapp.log.redact import LIMIT, redact
from tests.log.conftest import Configure
from tests.log.reading import CANARY, fail, read_lines, read_object

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
HOSTILE = "\r\n\x1b[2J\x00\x7f\x85\u2028\u2029\u202e\u2066\ud800"
SPELLED = r"\r\n\x1b[2J\x00\x7f\x85\u2028\u2029\u202e\u2066\ud800"

logger = logging.getLogger(__name__)


class Broken:
    def __str__(self) -> NoReturn:
        raise RuntimeError(CANARY)

    __repr__ = __str__


@pytest.mark.usefixtures("text")
def test_a_text_line_says_when_how_bad_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    logger.warning("%d sites are late", 3)

    (line,) = read_lines(capsys)
    assert re.fullmatch(rf"{TIME} WARNING  {__name__} \[-\] 3 sites are late", line)


def test_time_is_utc_wherever_the_machine_stands(
    configure: Configure, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "EAST-9")
    time.tzset()
    try:
        configure()
        logger.info("now")
    finally:
        monkeypatch.undo()
        time.tzset()

    (line,) = read_lines(capsys)
    age = datetime.now(UTC) - datetime.fromisoformat(line.split()[0])
    assert abs(age) < timedelta(minutes=1)


@pytest.mark.usefixtures("as_json")
def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    logger.warning("%d sites are late", 3, extra={"sites": [1, 2.5, None, True, {"a": "b"}]})

    found = read_object(capsys)
    assert re.fullmatch(TIME, found.pop("time"))
    assert found == {
        "level": "WARNING",
        "logger": __name__,
        "request_id": "-",
        "message": "3 sites are late",
        "sites": [1, 2.5, None, True, {"a": "b"}],
    }


@pytest.mark.usefixtures("text")
def test_control_characters_are_spelled_out_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("path %s", HOSTILE)
    logging.getLogger(f"by{HOSTILE}").info("name")

    first, second = read_lines(capsys)
    assert first.endswith(f"path {SPELLED}")
    assert f" by{SPELLED} [-] name" in second


@pytest.mark.usefixtures("as_json")
def test_control_characters_survive_json_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("path %s", HOSTILE)

    expected = HOSTILE.replace("\ud800", r"\ud800")  # half a character: JSON has no word for it
    assert read_object(capsys)["message"] == f"path {expected}"


@pytest.mark.usefixtures("text")
def test_a_text_in_any_language_stays_readable(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("Zoë reads 日本語 🎉 \\n")

    assert read_lines(capsys)[0].endswith("] Zoë reads 日本語 🎉 \\n")


@pytest.mark.usefixtures("text")
def test_a_traceback_follows_indented(capsys: pytest.CaptureFixture[str]) -> None:
    fail(f"2025-01-31T00:00:00.000Z INFO forged{HOSTILE}")

    first, *others = read_lines(capsys)
    assert first.endswith("It failed.")
    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") and line.isprintable() for line in others)


@pytest.mark.usefixtures("as_json")
def test_a_traceback_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    fail(HOSTILE)

    exception = read_object(capsys)["exception"]
    assert exception.startswith("Traceback (most recent call last):\n")
    assert "ValueError: " in exception


@pytest.mark.usefixtures("any_format")
def test_a_stack_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    logger.info("here", stack_info=True)

    assert "test_a_stack_is_shown" in capsys.readouterr().err


@pytest.mark.usefixtures("as_json")
def test_what_json_has_no_word_for_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    endless: list[object] = []
    endless.append(endless)
    strange = {
        "nan": float("nan"),
        "infinite": float("-inf"),
        "huge": 10**5000,
        "half": "\udcff",
        "decimal": Decimal("1.5"),
        "bytes": b"\xff",
        "set": {1},
        "type": int,
        "broken": Broken(),
        "deep": {("a", 1): {float("nan"): Broken()}},
    }
    logger.info("strange", extra={**strange, "endless": endless, 5: "five"})  # type: ignore[dict-item]

    found = read_object(capsys)
    assert {key: found[key] for key in [*strange, "5"]} == {
        "nan": "nan",
        "infinite": "-inf",
        "huge": "<unprintable int>",
        "half": r"\udcff",
        "decimal": "1.5",
        "bytes": r"b'\xff'",
        "set": "{1}",
        "type": "<class 'int'>",
        "broken": "<unprintable Broken>",
        "deep": {"('a', 1)": {"nan": "<unprintable Broken>"}},
        "5": "five",
    }


@pytest.mark.usefixtures("as_json")
def test_extra_cannot_replace_a_field_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["level", "logger", "time", "exception", "stack", "request_id"]
    logger.info("true", extra=dict.fromkeys(names, "false"))

    assert "false" not in read_object(capsys).values()


@pytest.mark.parametrize("name", ["text", "json"])
def test_wrong_arguments_lose_no_line(
    configure: Configure, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configure(LOG_FORMAT=name)  # here and not in a fixture: pytest's own handler would raise
    logger.info("%d sites %s", "many")
    logger.info("%s", Broken())
    logger.info("%(count)d sites", {"other": 1})
    logger.info(Broken())

    first, second, third, fourth = read_lines(capsys)
    assert "%d sites %s (the arguments do not fit)" in first
    assert "%s (the arguments do not fit)" in second
    assert "%(count)d sites (the arguments do not fit)" in third
    assert "<unprintable Broken>" in fourth


@pytest.mark.parametrize(
    ("message", "arguments", "expected"),
    [
        ("%r %5.1f %x", ("a", 1.25, 255), "'a'   1.2 ff"),
        ("%s %s", ({"b": (1,)}, ["c"]), "{'b': (1,)} ['c']"),
        ("%(a)d", ({"a": 1},), "1"),
        ("%s", ({"a": 1},), "{'a': 1}"),
        ("100 %", (), "100 %"),
    ],
)
@pytest.mark.usefixtures("as_json")
def test_arguments_keep_their_kind(
    capsys: pytest.CaptureFixture[str], message: str, arguments: tuple[object, ...], expected: str
) -> None:
    logger.info(message, *arguments)

    assert read_object(capsys)["message"] == expected


@pytest.mark.parametrize(("name", "cut"), [("text", 2), ("json", 4)])
def test_a_line_has_an_end(
    configure: Configure, capsys: pytest.CaptureFixture[str], name: str, cut: int
) -> None:
    configure(LOG_FORMAT=name)
    logger.info("%s", "\x00 " * LIMIT)
    logger.info("extra", extra={"text": "word " * LIMIT})
    logger.info("extra", extra={"body": ["word"] * 20_000})
    fail("word " * LIMIT)

    lines = read_lines(capsys)
    assert max(map(len, lines)) < 8 * LIMIT
    assert sum("characters cut]" in line for line in lines) == cut


def test_a_text_that_is_cut_is_cut_once() -> None:
    text = escape(redact("\x00 word" * LIMIT))

    assert text.count("… [") == 1
    assert LIMIT - 300 < len(text) <= LIMIT
