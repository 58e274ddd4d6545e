"""docs/asvs.yml names a proof for each requirement of OWASP ASVS 5.0, levels 1 and 2."""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.papers import ROOT

pytestmark = pytest.mark.asvs

PAPER = ROOT / "docs" / "asvs.yml"
LEVELS = {1: 70, 2: 183}
# SHA-256 of the lines "V1.1.1 2", in the order of the table (CSV) of 5.0.0.
STANDARD = "3765ed9541ee1523694f731f53d3201978aa23cf9cac70481d40476d8a2d1e27"
KINDS = {"tests", "not_applicable", "review", "gap"}
REVIEWERS = {"owner", "operator"}
WORDS = 4  # of a reason, at least
AUTOMATED = 85  # percent of what applies, at least
ASKING = {"raises", "fail", "check"}  # calls that assert: pytest's, and the one of tests/browser
SKIPPING = {"pytest.mark.skip", "pytest.mark.xfail", "pytest.skip"}
NAME = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")

Items = dict[str, dict[str, Any]]


def read_items(text: str) -> Items:
    """Return what the file says of each requirement; one that comes twice is an error."""
    pairs = re.findall(r"(?m)^(V[\d.]+):$", text)
    items: Items = yaml.safe_load(text)
    assert [name for name, count in Counter(pairs).items() if count > 1] == []
    return items


@pytest.fixture(scope="module")
def items() -> Items:
    return read_items(PAPER.read_text())


@cache
def find_tests(path: str) -> frozenset[str]:
    """Return the tests of a module that can fail; it is not run."""
    return read_tests((ROOT / path).read_text()) if (ROOT / path).is_file() else frozenset()


def read_tests(source: str) -> frozenset[str]:
    body = ast.parse(source).body
    if any(is_skip(node) for node in body):  # those of functions are looked at one by one
        return frozenset()
    tests = [node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(test.name for test in tests if can_fail(test))


def can_fail(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a test asks anything, and is not skipped whatever happens."""
    if any(is_skip(node) for node in (*test.decorator_list, *test.body)):
        return False
    return any(is_asking(node) for node in ast.walk(test))


def is_asking(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ASKING


def is_skip(node: ast.AST) -> bool:
    """Tell whether a mark or a statement skips, without any condition."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If):
        return False
    named = [ast.unparse(one) for one in ast.walk(node) if isinstance(one, ast.Attribute)]
    return not SKIPPING.isdisjoint(named)


def find_kind(item: Mapping[str, Any]) -> str:
    (kind,) = KINDS & item.keys()
    return kind


def count_kinds(items: Items) -> Counter[str]:
    return Counter(find_kind(item) for item in items.values())


def hash_standard(items: Items) -> str:
    lines = [f"{name} {item['level']}" for name, item in items.items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def find_lost(items: Items) -> list[str]:
    """Return the tests that are named and not there, or there in name only."""
    return [
        name
        for item in items.values()
        for name in item.get("tests", [])
        if not (found := NAME.fullmatch(name)) or found[2] not in find_tests(found[1])
    ]


def find_faults(items: Items) -> list[str]:
    """Return the requirements that say too little, too much, or nothing."""
    return [
        name
        for name, item in items.items()
        if len(KINDS & item.keys()) != 1 or not is_whole(item, find_kind(item))
    ]


def is_whole(item: Mapping[str, Any], kind: str) -> bool:
    extra = {"reason"} if kind == "review" else set()
    if item.keys() - {"note"} != {"level", "title", kind, *extra}:
        return False
    if kind == "tests":
        return len(item["tests"]) > 0 and len(set(item["tests"])) == len(item["tests"])
    if kind == "review":
        return item["review"] in REVIEWERS and is_reason(item["reason"])
    return is_reason(item[kind])


def is_reason(text: Any) -> bool:
    return isinstance(text, str) and len(text.split()) >= WORDS


def test_every_requirement_is_there_once_at_its_level(items: Items) -> None:
    assert Counter(item["level"] for item in items.values()) == LEVELS
    assert hash_standard(items) == STANDARD


def test_each_has_one_kind_of_proof(items: Items) -> None:
    assert find_faults(items) == []


def test_titles_are_a_few_words_of_our_own(items: Items) -> None:
    titles = [item["title"] for item in items.values()]

    assert max(len(title.split()) for title in titles) <= 12
    assert len({*titles}) > 0.99 * len(titles)
    assert not [title for title in titles if title.startswith("Verify")]


def test_every_test_that_is_named_is_there(items: Items) -> None:
    assert find_lost(items) == []


def test_papers_of_reviews_and_reasons_are_there(items: Items) -> None:
    named = set(re.findall(r"\b(?:docs|tests)/[\w/]+\.(?:md|py)", PAPER.read_text()))

    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []
    for name, item in items.items():
        if "review" in item:
            assert "docs/" in item["reason"], name
    paper = (ROOT / "docs" / "security.md").read_text()
    said = [item["reason"] for item in items.values() if "review" in item]
    sections = re.findall(
        r"docs/security\.md, sections? ([A-Z][a-z ]+?)(?= and |[,.:;]|$)", "\n".join(said)
    )
    assert sections
    assert [name for name in sections if f"\n## {name}\n" not in paper] == []


def test_standard_its_version_and_its_licence_are_named() -> None:
    head = PAPER.read_text().partition("\nV1.1.1:")[0]

    assert "OWASP Application Security Verification Standard 5.0.0" in head
    assert "CC BY-SA 4.0" in head


def test_most_of_what_applies_is_proven_by_tests(
    items: Items, record_property: Callable[[str, object], None]
) -> None:
    kinds = count_kinds(items)
    apply = len(items) - kinds["not_applicable"]
    automated = 100 * kinds["tests"] / apply
    record_property("asvs: items", len(items))
    record_property("asvs: apply", apply)
    record_property("asvs: automated %", round(automated, 1))
    record_property("asvs: by review", kinds["review"])
    record_property("asvs: gaps", kinds["gap"])

    assert automated >= AUTOMATED


# --- and these tests can fail


def change(items: Items, name: str, **values: Any) -> Items:
    return {**items, name: {**items[name], **values}}


def test_test_that_is_gone_is_missed(items: Items) -> None:
    (path, *_) = items["V1.2.5"]["tests"]
    for gone in (f"{path}_of_old", path.replace("hardening", "softening"), "test_x", path[:-1]):
        assert find_lost(change(items, "V1.2.5", tests=[gone])) == [gone]


@pytest.mark.parametrize(
    "source",
    [
        "def test_x(): ask()",
        "def test_x(): assert True",
        "@pytest.mark.skip\ndef test_x(): assert ask()",
        "@pytest.mark.skip(reason='It fails.')\nasync def test_x(): assert await ask()",
        "@pytest.mark.xfail\ndef test_x(): assert ask()",
        "def test_x():\n    pytest.skip('It fails.')\n    assert ask()",
        "pytestmark = [pytest.mark.skip]\ndef test_x(): assert ask()",
        "pytest.skip('It fails.', allow_module_level=True)\ndef test_x(): assert ask()",
    ],
)
def test_test_that_cannot_fail_is_no_proof(source: str) -> None:
    assert read_tests(source) == frozenset()


@pytest.mark.parametrize(
    "source",
    [
        "async def test_x(): assert await ask()",
        "def test_x():\n    with pytest.raises(ValueError): ask()",
        "async def test_x(): await watcher.check()",
        "@pytest.mark.skipif(not there)\ndef test_x(): assert ask()",
        "def test_x():\n    if not there:\n        pytest.skip()\n    assert ask()",
    ],
)
def test_test_that_can_fail_is_a_proof(source: str) -> None:
    assert read_tests(source) == {"test_x"}


def test_requirement_without_a_proof_is_found(items: Items) -> None:
    bare = {"level": 1, "title": "None"}
    for item in (
        bare,
        {**bare, "tests": []},
        {**bare, "not_applicable": "No."},
        {**bare, "gap": "", "note": "None"},
        {**bare, "review": "somebody", "reason": "Somebody has looked at it."},
        {**bare, "tests": ["a"], "gap": "It is not done at all."},
    ):
        assert find_faults({"V1": item}) == ["V1"]


def test_requirement_that_is_lost_or_moved_is_found(items: Items) -> None:
    lost = {name: item for name, item in items.items() if name != "V6.3.3"}

    assert hash_standard(lost) != STANDARD
    assert hash_standard(change(items, "V6.3.3", level=1)) != STANDARD
    with pytest.raises(AssertionError):
        read_items("V1.1.1:\n  level: 1\nV1.1.1:\n  level: 2\n")
