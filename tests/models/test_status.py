"""What strangers are told of many sites at once."""

import pytest

from quartapp.models import State
from quartapp.models.status import HEADLINES, WORDS, Headline, find_headline


@pytest.mark.parametrize(
    ("states", "has_incident", "headline"),
    [
        ({}, False, Headline.NEW),
        ({State.NEW: 1, State.PAUSED: 2}, False, Headline.NEW),
        ({State.UP: 3, State.NEW: 1, State.PAUSED: 1}, False, Headline.UP),
        ({State.SUSPECT: 1}, False, Headline.UP),
        ({State.UP: 3, State.MAINTENANCE: 1}, False, Headline.MAINTENANCE),
        ({State.UP: 3, State.MAINTENANCE: 1}, True, Headline.INCIDENT),
        ({State.UP: 3}, True, Headline.INCIDENT),
        ({State.UP: 3, State.DOWN: 1}, True, Headline.PARTLY),
        ({State.SUSPECT: 1, State.RECOVERING: 1}, False, Headline.PARTLY),
        ({State.DOWN: 1, State.RECOVERING: 1, State.MAINTENANCE: 1}, True, Headline.DOWN),
    ],
)
def test_headline_says_what_is_worst(
    states: dict[State, int], has_incident: bool, headline: Headline
) -> None:
    assert find_headline(states, has_incident=has_incident) is headline


def test_each_state_and_headline_has_words() -> None:
    assert set(WORDS) == set(State)
    assert set(HEADLINES) == set(Headline)
