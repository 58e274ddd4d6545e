"""Was a page changed: the states, by every kind of look and by many ways through them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.content import Missing, MissingKind, PageText
from quartapp.models.learning import FEWEST, propose_ignores
from quartapp.models.page_state import PageState, Watch, accept_baseline, is_alert, watch_text

GONE = Missing(MissingKind.SELECTOR, "#gone")
EMPTY, ERROR = Missing(MissingKind.EMPTY), Missing(MissingKind.NOT_A_PAGE, "503")
STEADY, SUSPECT, CHANGED = PageState.STEADY, PageState.SUSPECT, PageState.CHANGED
LOOKS = st.lists(st.sampled_from(["a", "a\nb", "a\nc", "d", GONE, EMPTY, ERROR]), max_size=40)


def page(text: str) -> PageText:
    return PageText(text, text, "text/html")


def follow(now: Watch, *looks: str | Missing) -> tuple[list[PageState], int, Watch]:
    """Return the states, how many alerts there were, and where the page stands."""
    states, alerts = [], 0
    for look in looks:
        new = watch_text(now, page(look) if isinstance(look, str) else look)
        alerts += is_alert(now, new)
        states.append(new.state)
        now = new
    return states, alerts, now


def learned(text: str = "a") -> Watch:
    return accept_baseline(follow(Watch(), *[text] * FEWEST)[2])


def test_page_is_learned_and_waits_for_a_person() -> None:
    states, alerts, now = follow(Watch(), *["a"] * FEWEST, "b", "b")
    waiting = [PageState.UNCONFIRMED] * 3
    assert (states, alerts) == ([PageState.LEARNING] * (FEWEST - 1) + waiting, 0)
    assert accept_baseline(now).state is STEADY


def test_what_is_written_before_a_person_accepts_is_told_after_that() -> None:
    _, _, waiting = follow(learned_until_now(), *["[script] a.example\nhacked"] * 60)
    assert waiting.differing == ("-Closed on 24.12.", "-a", "+[script] a.example", "+hacked")
    for text in ("[script] a.example\nhacked", "", "a"):
        states, alerts, _ = follow(accept_baseline(waiting), text, text)
        assert (states, alerts) == ([SUSPECT, CHANGED], 1)
    now = accept_baseline(waiting)
    assert follow(now, "a\nClosed on 24.12.\nVisitors: 5")[0] == [STEADY]


def learned_until_now() -> Watch:
    texts = [f"a\nClosed on 24.12.\nVisitors: {number}" for number in range(FEWEST)]
    return follow(Watch(), *texts)[2]


def test_what_moves_moves_on_before_a_person_accepts() -> None:
    looks = [f"a\nClosed on 24.12.\nVisitors: {10**number}" for number in range(12)]
    _, _, waiting = follow(learned_until_now(), *looks)
    assert waiting.differing == ()
    assert follow(accept_baseline(waiting), *looks)[0] == [STEADY] * 12


def test_date_that_comes_before_a_person_accepts_is_learned() -> None:
    _, _, now = follow(Watch(), *["a\nUpdated 30 May 2026"] * FEWEST, "a\nUpdated 1 June 2026")
    assert (now.differing, now.baselines) == ((), ("a",))
    assert follow(accept_baseline(now), "a\nUpdated 2 June 2026")[0] == [STEADY]


def test_difference_that_went_is_shown_no_more() -> None:
    _, _, now = follow(Watch(), *["a"] * FEWEST, "b", "a")
    assert (now.differing, now.baselines) == ((), ("a",))


def test_page_that_is_not_learned_cannot_be_accepted() -> None:
    with pytest.raises(ValueError, match="not learned"):
        accept_baseline(Watch())


def test_difference_must_be_seen_alike_twice() -> None:
    states, alerts, _ = follow(learned(), "b", "a", "b", "a\nc", "a")
    assert (states, alerts) == ([SUSPECT, STEADY, SUSPECT, SUSPECT, STEADY], 0)


def test_same_difference_is_told_once_even_after_it_went() -> None:
    states, alerts, _ = follow(learned(), "b", "b", "b", "a", "b", "b")
    assert (states, alerts) == ([SUSPECT, CHANGED, CHANGED, STEADY, CHANGED, CHANGED], 1)


def test_another_difference_is_told_too() -> None:
    assert follow(learned(), "b", "b", "c", "c")[1] == 2


def test_difference_that_is_another_in_each_look_is_told_once() -> None:
    states, alerts, now = follow(learned(), *(f"a\nvisit {number}" for number in range(50)))
    assert (states, alerts) == ([SUSPECT] * 2 + [CHANGED] * 48, 1)
    assert follow(now, "a", "a\nx", "a\ny", "a", "a\nx", "a\ny")[1] == 0
    assert follow(now, "a", "a\nx", "a\ny", "a\nz", "a\nv")[1] == 1


def test_what_moves_within_a_change_that_was_told_is_told_with_it() -> None:
    assert follow(learned(), *(f"{number}\nhacked" for number in range(20)))[1] == 1


def test_what_moves_later_than_what_was_told_is_told_too() -> None:
    states, alerts, now = follow(learned(), "b", "b", "b\n1", "b\n2", "b\n3", "b\n4")
    assert (states, alerts) == ([SUSPECT] + [CHANGED] * 5, 2)
    assert follow(now, "b", "b\nc", "b\nc")[1] == 1


def test_accepted_change_is_a_baseline_beside_the_older_ones() -> None:
    now = learned()
    for text in "bcde":
        now = accept_baseline(now, page(text))
    assert follow(now, "a", "b", "e")[0] == [STEADY] * 3
    assert follow(accept_baseline(now, page("f")), "f", "a")[0] == [STEADY, SUSPECT]


@pytest.mark.parametrize("found", [GONE, EMPTY], ids=lambda found: found.kind)
def test_what_is_missing_is_told_after_six_looks_in_a_row(found: Missing) -> None:
    states, alerts, now = follow(learned(), *[found] * 5, "a", *[found] * 5)
    assert (states, alerts) == ([STEADY] * 11, 0)
    states, alerts, _ = follow(now, found, found, "a")
    assert (states, alerts) == ([PageState.MISSING, PageState.MISSING, STEADY], 1)


def test_page_that_never_had_text_misses_none() -> None:
    assert follow(Watch(), *[EMPTY] * 20) == ([PageState.LEARNING] * 20, 0, Watch())
    assert follow(Watch(), "a", *[EMPTY] * 20)[1] == 1


def test_error_moves_nothing() -> None:
    for now in (Watch(), learned(), follow(learned(), "b")[2]):
        assert watch_text(now, ERROR) == now


def test_page_without_text_is_watched_by_its_bytes() -> None:
    now = accept_baseline(replace(learned()), PageText("", "1", "image/png"))
    assert watch_text(now, PageText("", "1", "image/png")).state is STEADY
    assert watch_text(now, PageText("", "2", "image/png")).state is SUSPECT


@given(looks=LOOKS)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_alert_means_two_pages_in_a_row_that_are_not_the_baseline(
    looks: list[str | Missing],
) -> None:
    now, pages = learned(), ["a"]
    for look in looks:
        new = watch_text(now, page(look) if isinstance(look, str) else look)
        if isinstance(look, str):
            pages.append(look)
            assert (new.state is STEADY) == (look == "a")
        if new.told != now.told:
            assert isinstance(look, str)
            assert "a" not in pages[-2:]
            assert new.state is CHANGED
        assert now.told <= new.told
        now = new


@given(looks=LOOKS)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_nothing_is_told_twice(looks: list[str | Missing]) -> None:
    texts = [look for look in looks if isinstance(look, str)]
    _, _, now = follow(learned(), *texts)
    for text in set(texts):
        _, alerts, then = follow(now, text, text)
        assert follow(then, text, text)[1] == 0
        assert alerts <= 1


def test_patterns_keep_the_constant_words() -> None:
    texts = [
        f"Visitors: {number}\nby {name}" for number, name in ((9, "x"), (1000, "y"), (17, "z"))
    ]
    assert propose_ignores(texts) == [r"^Visitors: [-+]?\d[\d.,]{0,7}$"]


def test_number_that_people_call_stays_in_the_pattern() -> None:
    texts = [f"Call 901820 now, {number} agents are here" for number in (3, 5, 8)]
    assert propose_ignores(texts) == [r"^Call 901820 now, [-+]?\d[\d.,]{0,4} agents? are here$"]
