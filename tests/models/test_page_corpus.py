"""No false alarm on pages that move, and every defacement is found: the numbers that count."""

from random import Random

import pytest

from quartapp.models.content import PageText, extract_text
from quartapp.models.learning import MOST
from quartapp.models.lens import Lens
from quartapp.models.page_state import PageState, Watch, accept_baseline, is_alert, watch_text
from tests.models.corpus import DEFACEMENTS, MOVING, PAGE, render
from tests.models.test_content import see

FETCHES = 20  # of each kind: 1,000 of all


def read(html: str) -> PageText:
    found = extract_text(see(html), Lens())
    assert isinstance(found, PageText)
    return found


def learn(kind: str, rng: Random) -> tuple[Watch, int]:
    """Return a page that was learned and accepted, and in how many looks."""
    now, number = Watch(), 0
    while now.state is PageState.LEARNING:
        now = watch_text(now, read(render(kind, rng, number)))
        number += 1
    return accept_baseline(now), number


def test_corpus_is_as_large_as_it_says() -> None:
    assert (len(MOVING), len(DEFACEMENTS)) == (50, 50)
    assert all(deface(PAGE) != PAGE for deface in DEFACEMENTS.values())


@pytest.mark.parametrize("kind", MOVING)
def test_pages_that_move_raise_no_alarm(kind: str) -> None:
    rng = Random(f"pages {kind}")
    now, first = learn(kind, rng)
    assert first <= MOST
    for number in range(first, first + FETCHES):
        new = watch_text(now, read(render(kind, rng, number)))
        assert not is_alert(now, new), number
        if new.state is PageState.SUSPECT:  # the second look, a minute later
            now, new = new, watch_text(new, read(render(kind, rng, number + 1)))
            assert not is_alert(now, new), number
        now = new


@pytest.mark.parametrize(("kind", "name"), list(zip(MOVING, DEFACEMENTS, strict=True)))
def test_defacement_is_found_in_two_looks_and_told_once(kind: str, name: str) -> None:
    rng = Random(f"defaced {kind}")
    now, number = learn(kind, rng)
    deface = DEFACEMENTS[name]
    alerts = []
    for later in range(4):
        new = watch_text(now, read(deface(render(kind, rng, number + later))))
        alerts.append(is_alert(now, new))
        now = new
    assert alerts == [False, True, False, False]
    assert now.state is PageState.CHANGED
