"""Sentences that were kept in English, and what they were made of."""

from datetime import timedelta

import pytest

from quartapp.models.certificate import write_notice
from quartapp.models.usability import write_length
from quartapp.recognition import recognize
from quartapp.texts import Count, Text
from tests.models.rules.looks import NOW


@pytest.mark.parametrize(
    "made",
    [
        Text("It is down"),
        Text("Up again after %(length)s", length=write_length(timedelta(seconds=7500))),
        Text("Up again after %(length)s", length=write_length(timedelta(seconds=1))),
        Text("It answered %(status)s, not %(expected)s.", status="503", expected="200-399"),
        Text("The change was settled: %(state)s", state=Text("accepted")),
        Text("“%(words)s” is missing.", words=Text("Order now")),
        Text(
            "%(fault)s Whoever runs this may allow it: %(setting)s.",
            fault=Text("%(address)s is not a public address.", address="127.0.0.1"),
            setting="CHECK_ALLOWED_NETWORKS",
        ),
        Text(
            "%(first)s, %(second)s",
            first=Text("lines added: %(count)s", count="1"),
            second=Text("lines replaced: %(count)s", count="4"),
        ),
        Text("What nobody ever said"),
    ],
)
def test_sentence_is_taken_apart_as_it_was_made(made: Text) -> None:
    found = recognize(str(made))

    assert (found, found.template, describe(found)) == (made, made.template, describe(made))


WORST = ["to 1, ", "Line 1, ", "from a, last seen "]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", WORST)
def test_text_that_is_too_long_is_nobody_s_sentence(piece: str) -> None:
    """What was not carried over of a file may be as long as the file."""
    text = piece * 100_000

    assert recognize(text).template == text


def describe(text: Text) -> dict[str, object]:
    return {
        name: (value.template, describe(value)) if isinstance(value, Text) else value
        for name, value in text.values.items()
    }


def test_counted_sentence_keeps_its_number() -> None:
    made = write_notice(NOW + timedelta(days=14), NOW)

    found = recognize(str(made))

    assert isinstance(found, Count)
    assert (found.singular, found.plural, found.num) == (
        "Its certificate ends in %(num)d day",
        "Its certificate ends in %(num)d days",
        14,
    )


@pytest.mark.parametrize("text", [", " * 3000, "It answered " * 3000, "a, b, c", ",", " "])
def test_text_of_strangers_is_left_alone(text: str) -> None:
    found = recognize(text)

    assert (found, found.values) == (text, {})
