"""Each pattern takes a time in line with the length of what it may be given, whatever that is."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from quartapp.models.content import META_WITHIN
from quartapp.models.learning import LINE_LENGTH
from quartapp.models.lens import SELECTOR_LENGTH
from quartapp.recognition import MAX_LENGTH, load_sentences
from quartapp.services.site_foreign import DURATION_LENGTH
from tests.hardening.patterns import LONG, find_slow
from tests.papers import ROOT

pytestmark = pytest.mark.tools

METHODS = {"findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}
DURATION = r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)"
# How long a text is at most that these get, as whoever asks them has seen to.
BOUNDED = {
    "models/content.py META": META_WITHIN,  # the first bytes of a page
    "models/learning.py SLOT": LINE_LENGTH,  # longer lines have no slots
    "models/selector.py SELECTOR": SELECTOR_LENGTH,
    "models/selector.py STEP": SELECTOR_LENGTH,
    f"services/site_foreign.py {DURATION}": DURATION_LENGTH,
}
# Who puts patterns together while it runs: of our own paths, texts and words.
MAKERS = {"api/links.py", "models/learning.py", "recognition.py"}


class Module(NamedTuple):
    path: str
    tree: ast.Module
    loaded: ModuleType


Known = dict[tuple[Any, int], tuple[str, re.Pattern[Any]]]  # by source and flags


def load_modules() -> list[Module]:
    """Return all of the package that has to do with patterns."""
    paths = sorted((ROOT / "quartapp").rglob("*.py"))
    texts = {path.relative_to(ROOT): path.read_text() for path in paths}
    return [
        Module(
            path.relative_to("quartapp").as_posix(),
            ast.parse(text),
            import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__")),
        )
        for path, text in texts.items()
        if re.search(r"^import re$", text, re.MULTILINE)
    ]


def find_patterns(module: Module) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield what stands at the top of a module, alone or in a table."""
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            value = getattr(module.loaded, name)
            values = value.values() if isinstance(value, dict) else [value]
            for one in values:
                if isinstance(one, re.Pattern):
                    yield f"{module.path} {name}", one


def find_calls(module: Module) -> Iterator[ast.Call]:
    """Yield what is asked of `re` itself."""
    methods = METHODS | {"compile"}
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    for call in calls:
        asked, _, method = ast.unparse(call.func).rpartition(".")
        if asked == "re" and method in methods:
            yield call


def find_uses(module: Module, known: Known) -> Iterator[tuple[tuple[Any, int], str]]:
    """Yield by which methods patterns are asked, also where these are handed on."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            value = getattr(module.loaded, ast.unparse(node.value), None)
            if isinstance(value, re.Pattern) and make_key(value) in known:
                yield make_key(value), node.attr


def make_key(pattern: re.Pattern[Any]) -> tuple[Any, int]:
    return pattern.pattern, pattern.flags


def find_written(module: Module) -> Iterator[tuple[str, re.Pattern[Any], str]]:
    """Yield patterns that are written where they are used, and the method."""
    for call in find_calls(module):
        source, attr = call.args[0], call.func.attr  # type: ignore[attr-defined]
        if isinstance(source, ast.Constant) and attr != "compile":
            names = [flag for flag in re.RegexFlag if f"re.{flag.name}" in ast.unparse(call)]
            flags = re.RegexFlag(sum(names))
            yield f"{module.path} {source.value}", re.compile(str(source.value), flags), attr


@pytest.mark.timeout(300)
def test_pattern_takes_a_time_in_line_with_its_text(record_property: Any) -> None:
    modules = load_modules()
    known: Known = {
        make_key(one): (name, one) for module in modules for name, one in find_patterns(module)
    }
    uses: dict[tuple[Any, int], set[str]] = defaultdict(set)
    for module in modules:
        for key, method in find_uses(module, known):
            uses[key].add(method)
    asked = [(*known[key], method) for key in known for method in sorted(uses[key] or {"search"})]
    asked += [found for module in modules for found in find_written(module)]
    record_property("tools: patterns tried with hostile texts", len(asked))

    slow = {
        f"{name}: {method}": text
        for name, pattern, method in asked
        if (text := find_slow(pattern, method, BOUNDED.get(name, LONG)))
    }
    assert slow == {}
    assert {name for name, _, _ in asked} >= BOUNDED.keys()


@pytest.mark.timeout(300)
def test_sentence_takes_a_time_in_line_with_its_text() -> None:
    _, sentences = load_sentences()
    many = [one for one in sentences if len(one.pattern.groupindex) > 1]
    slow = [one.template for one in many if find_slow(one.pattern, "fullmatch", MAX_LENGTH)]

    assert slow == []


def test_patterns_are_written_down() -> None:
    """One that is put together where it is used would be tried by nobody."""
    made = {
        module.path
        for module in load_modules()
        for call in find_calls(module)
        if not isinstance(call.args[0], ast.Constant) and not is_at_the_top(module, call)
    }

    assert made == MAKERS


def is_at_the_top(module: Module, call: ast.Call) -> bool:
    return any(
        call in ast.walk(node)
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    )


SLOW = [
    (r"\s+$", "search"),
    (r"(\w+)+!", "fullmatch"),
    (r"[a-z][\w.-]*/v?\d+", "search"),
    (r"<!--.*?-->", "sub"),
    (r"(?:\[\w+=\w+\s*i?\s*\])+", "fullmatch"),
    (r"Line (.+?), (.+?): left out: (.+?)", "fullmatch"),
    (r"^(a|b|ab)*c", "match"),
]


@pytest.mark.parametrize(("source", "method"), SLOW)
def test_slow_pattern_is_found(source: str, method: str) -> None:
    assert find_slow(re.compile(source, re.DOTALL), method) != ""
