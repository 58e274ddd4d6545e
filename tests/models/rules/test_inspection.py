"""All rules over one look: bounded, and of what they could have seen."""

from dataclasses import replace

import pytest

from quartapp.models.look import Look, Reason
from quartapp.models.rules import MAX_SIGHTINGS, RULES, Sighting, inspect
from quartapp.models.rules.inspection import MAX_PLACE
from quartapp.models.rules.tags import MAX_TAGS
from tests.growth import LINEAR, TIMES, measure_growth
from tests.models.rules.looks import fail, refuse, see

LENGTH = 2 * 1024 * 1024
ROW = "<p class=row><a href='/a'>A word</a> and &amp; another, <img src='/i.png' alt='a > b'></p>\n"
HOSTILE = ["<div>", "<", "<!--", '<img "', "<img a ", "<a b='", "<title>", "<b>Warning</b>: "]


@pytest.mark.parametrize("piece", [ROW, *HOSTILE])
def test_page_costs_no_more_than_its_length(piece: str) -> None:
    def work(length: int) -> None:
        assert inspect(see(piece * (length // len(piece)))).broken == {}

    assert measure_growth(work, LENGTH // TIMES) < LINEAR


def test_number_of_a_letter_without_end_hides_nothing() -> None:
    found = inspect(see(f"<link title='&#{'9' * 10_000};'><img src=http://a.example/x>"))

    assert found.broken == {}
    assert {sighting.place for sighting in found.sightings} == {"http://a.example/x"}


@pytest.mark.parametrize("piece", ["a", "1", "a/1", "1.", "-"])
@pytest.mark.parametrize("name", ["server", "x_powered_by"])
def test_header_costs_no_more_than_its_length(name: str, piece: str) -> None:
    def work(length: int) -> None:
        assert inspect(see(**{name: piece * (length // len(piece))})).broken == {}

    assert measure_growth(work, 4_000) < LINEAR


def test_many_places_are_summed_up() -> None:
    body = "".join(f"<img src=http://a.example/{number}>" for number in range(99))
    found = inspect(see(body))

    assert len(found.sightings) == MAX_SIGHTINGS + 1
    assert found.sightings[-1] == Sighting("mixed-passive", "…", "There are more than 50 places.")
    assert "mixed-passive" not in found.complete


def test_place_is_one_line_without_queries_and_passwords() -> None:
    found = inspect(see("<script src='http://a:b@a.example/x&#x202e;y.js?key=1#c'></script>"))
    assert {sighting.place for sighting in found.sightings} == {"http://a.example/x y.js"}


def test_place_is_not_longer_than_it_may_be() -> None:
    (found,) = inspect(see(f"<img src=http://a.example/{'x' * 999}>")).sightings
    assert len(found.place) == MAX_PLACE


def test_same_place_is_seen_once() -> None:
    image = "<img src=http://a.example/x?{}>"
    found = inspect(see(image.format(1) + image.format(2)))
    assert [sighting.place for sighting in found.sightings] == ["http://a.example/x"]


def test_broken_rule_is_named_and_costs_no_other() -> None:
    def break_down(page: object) -> list[tuple[str, str]]:
        raise LookupError

    rules = RULES | {"csp-missing": replace(RULES["csp-missing"], find=break_down)}
    found = inspect(see(content_security_policy=None), rules)

    assert [type(error) for error in found.broken.values()] == [LookupError]
    assert found.broken.keys() == RULES.keys() - found.statuses.keys() - ERRORS
    assert [sighting.rule for sighting in found.sightings] == ["framing-allowed"]


ERRORS = {"debug-console", "debug-page", "stack-trace-shown"}
BODY = {"mixed-active", "mixed-passive", "sri-missing-script", "sri-missing-style"}


def test_good_page_proves_all_but_what_error_pages_show() -> None:
    assert inspect(see()).complete == RULES.keys() - ERRORS


def test_failure_proves_no_absence() -> None:
    assert inspect(refuse("certificate has expired")).complete == set()
    assert inspect(fail(Reason.TIMEOUT, "Too slow.")).statuses == {}


@pytest.mark.parametrize("look", [see(cut=True), see("<img>" * (MAX_TAGS + 1))])
def test_part_of_a_page_proves_no_absence_in_it(look: Look) -> None:
    assert not BODY & inspect(look).complete
    assert "hsts-missing" in inspect(look).complete


def test_error_is_judged_by_what_it_tells_only() -> None:
    judged = set(inspect(see(status=500)).statuses)
    shown = {"server-version-shown", "framework-version-shown"}
    assert judged == ERRORS | shown | {rule for rule in RULES if rule.startswith(("cert", "tls"))}
