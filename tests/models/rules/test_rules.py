"""What the rules see, what they leave alone, and what they say."""

import re

import pytest

from quartapp.models.look import Look
from quartapp.models.rules import RULES, Rule, inspect
from quartapp.models.rules.table import FAMILIES
from tests.models.rules.examples import EXAMPLES
from tests.models.rules.looks import see

SEEN = [(rule, look) for rule, (looks, _) in EXAMPLES.items() for look in looks]
LEFT = [(rule, look) for rule, (_, looks) in EXAMPLES.items() for look in looks]


def find(look: Look) -> set[str]:
    found = inspect(look)
    assert found.broken == {}
    return {sighting.rule for sighting in found.sightings}


@pytest.mark.parametrize(("rule", "look"), SEEN)
def test_rule_sees_what_is_weak(rule: str, look: Look) -> None:
    assert rule in find(look)


@pytest.mark.parametrize(("rule", "look"), LEFT)
def test_rule_leaves_what_is_sound(rule: str, look: Look) -> None:
    assert rule not in find(look)


def test_sound_page_has_no_sightings() -> None:
    assert find(see()) == set()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rule_says_what_it_is_about(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(?:-[a-z]+)*", rule.id)
    for text in (rule.title, rule.explanation, rule.remedy, rule.reference):
        assert text
        assert text == " ".join(text.split())
    assert rule.explanation.endswith(".")
    assert rule.remedy.endswith(".")
    assert not rule.title.endswith(".")
    assert 2 <= len(re.findall(r"\.(?: |$)", rule.explanation)) <= 3
    assert "`" in rule.remedy or "'unsafe-eval'" in rule.remedy


def test_ids_are_unique() -> None:
    assert len(RULES) == sum(len(family.RULES) for family in FAMILIES)


def test_each_rule_has_its_examples() -> None:
    assert EXAMPLES.keys() == RULES.keys()
    for seen, left in EXAMPLES.values():
        assert len(seen) >= 2
        assert len(left) >= 3


@pytest.mark.parametrize(("rule", "look"), SEEN)
def test_details_are_sentences(rule: str, look: Look) -> None:
    for sighting in inspect(look).sightings:
        assert sighting.place
        assert sighting.detail.endswith(".")
