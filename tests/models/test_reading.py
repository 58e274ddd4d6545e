"""What a look does to a page, and that nothing of it is lost on the way to the database."""

from dataclasses import replace

from quartapp.models.content import Missing, MissingKind, PageText
from quartapp.models.difference import Severity, diff_lines
from quartapp.models.learning import FEWEST
from quartapp.models.lens import Lens
from quartapp.models.packed import pack, unpack
from quartapp.models.page_state import PageState, Watch, accept_baseline, watch_text
from quartapp.models.reading import (
    Kept,
    Plan,
    Reading,
    compare_counted,
    drop_ignored,
    is_new,
    is_same_answer,
    pack_watch,
    propose_patterns,
    read_page,
    sum_answer,
    unpack_rows,
    unpack_watch,
)
from quartapp.models.tamper import TamperKind
from tests.models.test_content import see

GONE = Missing(MissingKind.SELECTOR, "#gone")


def page(text: str) -> PageText:
    return PageText(text, text, "text/html")


def learn(*texts: str) -> Watch:
    now = Watch()
    for text in texts:
        now = watch_text(now, page(text))
    return now


def keep(now: Watch, *ignore: str) -> Watch:
    """Send a page through the database's form of it."""
    lens = Lens(ignore=ignore)
    baselines = tuple(pack(text) for text in now.baselines)
    return unpack_watch(Kept(now.state, now.missing, pack_watch(now), baselines), lens)


def test_page_is_the_same_after_it_was_kept() -> None:
    learning = learn("a\nb", "a")
    unconfirmed = learn(*[f"Head\nVisitors: {number}\n{number % 2}" for number in range(FEWEST)])
    steady = accept_baseline(unconfirmed)
    suspect = watch_text(steady, page("Head\nHacked"))
    changed = watch_text(suspect, page("Head\nHacked"))
    missing = steady
    for _ in range(6):
        missing = watch_text(missing, GONE)
    for now in (learning, unconfirmed, steady, suspect, changed, missing):
        assert keep(now) == now, now.state


def test_page_that_is_kept_without_a_text_can_be_learned() -> None:
    assert keep(Watch()) == unpack_watch(None, Lens()) == Watch()


def test_what_is_ignored_by_now_is_in_no_baseline() -> None:
    steady = accept_baseline(learn(*["a\nb 1\nb 2\nc"] * FEWEST))
    assert keep(steady, "^b").baselines == ("a\nc",)


def test_baseline_has_the_order_of_the_page() -> None:
    texts = [f"z\ny\nVisitors: {number}\na" for number in range(FEWEST)]
    assert learn(*texts).baselines == ("z\ny\na",)


def test_look_that_shows_nothing_new_is_told_from_one_that_may() -> None:
    steady = Plan(state=PageState.STEADY, checksum="a")
    assert not is_new(steady, page("a"))
    assert is_new(steady, page("b"))
    assert is_new(steady, GONE)
    assert is_new(steady, Missing(MissingKind.EMPTY))
    assert not is_new(steady, Missing(MissingKind.NOT_A_PAGE, "503"))
    assert is_new(Plan(state=PageState.STEADY, checksum="a", missing=2), page("a"))
    assert not is_new(Plan(state=PageState.CHANGED, checksum="a"), page("a"))
    assert not is_new(Plan(state=PageState.UNCONFIRMED, checksum="a"), page("a"))
    for state in (PageState.LEARNING, PageState.SUSPECT, PageState.MISSING):
        assert is_new(Plan(state=state, checksum="a"), page("a")), state
    assert not is_new(Plan(state=PageState.MISSING), GONE)


def test_page_that_only_moves_as_it_was_learned_is_written_nowhere() -> None:
    texts = [f"Head\nVisitors: {number}" for number in range(FEWEST)]
    found, look = page("Head\nVisitors: 77"), see("")
    for now in (learn(*texts), accept_baseline(learn(*texts))):
        assert read_page(Plan(state=now.state, checksum="a"), now, found, look) is None
        first = read_page(Plan(state=now.state), now, found, look)
        assert first
        assert (first.state, first.checksum, first.alert) == (now.state, found.text, None)


def test_answer_is_known_by_all_that_its_text_is_made_of() -> None:
    look = see("a")
    plan = Plan(state=PageState.STEADY, answer=sum_answer(look), checksum="a")
    assert is_same_answer(plan, look)
    assert not is_same_answer(replace(plan, state=PageState.SUSPECT), look)
    for other in (see("b"), see("a", "text/plain"), see("a", status=201)):
        assert not is_same_answer(plan, other)
    assert not is_same_answer(plan, replace(look, final_url="http://b.example/"))


def see_twice(now: Watch, text: str) -> Reading | None:
    first = watch_text(now, page(text))
    return read_page(Plan(), first, page(text), see(text))


def test_change_is_told_with_what_differs() -> None:
    steady = accept_baseline(learn(*["Head\nWelcome home\nFoot"] * FEWEST))
    reading = see_twice(steady, "Head\nWelcome hacker\nFoot")
    assert reading
    assert reading.alert
    alert = reading.alert
    assert (reading.state, reading.checksum) == (PageState.CHANGED, "Head\nWelcome hacker\nFoot")
    assert (alert.kind, alert.severity) == (TamperKind.CHANGED, Severity.MEDIUM)
    assert unpack(alert.text) == "Head\nWelcome hacker\nFoot"
    rows = unpack_rows(alert.difference)
    assert tuple(rows) == diff_lines("Head\nWelcome home\nFoot", "Head\nWelcome hacker\nFoot").rows


def test_page_that_shrank_or_grew_beyond_measure_is_grave() -> None:
    steady = accept_baseline(learn(*["\n".join(f"line {n} of many" for n in range(99))] * FEWEST))
    for text in ("Hacked", "\n".join(f"line {n} of many and many more" for n in range(999))):
        reading = see_twice(steady, text)
        assert reading
        assert reading.alert
        assert reading.alert.severity is Severity.HIGH


def test_missing_selector_is_told_by_its_name() -> None:
    now = accept_baseline(learn(*["a"] * FEWEST))
    for _ in range(5):
        now = watch_text(now, GONE)
    reading = read_page(Plan(), now, GONE, see(""))
    assert reading
    assert reading.alert
    assert (reading.state, reading.alert.kind) == (PageState.MISSING, TamperKind.MISSING)
    assert (reading.alert.detail, unpack(reading.alert.text)) == ("#gone", "")
    assert unpack(reading.memory)["before"] == PageState.STEADY


def test_lines_in_another_order_do_not_differ() -> None:
    steady = accept_baseline(learn(*["a\nb\nc\nd"] * FEWEST))
    before, after = compare_counted(steady, "c\na\nx\nd")
    assert (before, after) == ("c\na\nb\nd", "c\na\nx\nd")


def propose(old: str, new: str) -> list[str]:
    steady = accept_baseline(learn(*[old] * FEWEST))
    reading = see_twice(steady, new)
    assert reading
    assert reading.alert
    return propose_patterns(unpack_rows(reading.alert.difference))


def test_patterns_are_proposed_for_what_moves_else_for_the_line() -> None:
    old = "Head\nVisitors: 17\nFoot"
    assert propose(old, "Head\nVisitors: 18\nFoot") == [r"^Visitors: [-+]?\d[\d.,]{0,5}$"]
    assert propose(old, "Head (new)\nVisitors: 17\nFoot") == [r"^Head \(new\)$", "^Head$"]


def test_pattern_of_a_long_line_is_its_beginning() -> None:
    (pattern,) = propose("Head", f"Head\n{'(' * 1000}")
    assert pattern == "^" + r"\(" * 249
    assert drop_ignored("(" * 1000 + "\nHead", Lens(ignore=(pattern,))) == "Head"


def test_control_characters_are_in_no_pattern() -> None:
    assert propose("Head", "Head\na\0b") == ["^a.b$"]
