"""Which paths are taken, and where they lead."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.json_path import (
    MAX_NODES,
    PATH_LENGTH,
    TooManyNodesError,
    clean_path,
    find_nodes,
)

SHOP = {
    "status": "up",
    "a b": {"'": 1, '"': 2, "": 3, "*": 4, "é": 5},
    "items": [{"name": "pen", "sizes": [1, 2, 3]}, {"name": "ink", "status": None}],
}
NUMBERS = {"n": [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [SHOP]),
        ("$.status", ["up"]),
        ("$['status']", ["up"]),
        ('$["a b"]["\'"]', [1]),
        ("$['a b']['\"']", [2]),
        ("$['a b']['']", [3]),
        ("$['a b']['*']", [4]),
        ("$['a b'].é", [5]),
        ("$['a b'].*", [1, 2, 3, 4, 5]),
        ("$.items[0].name", ["pen"]),
        ("$.items[-1].name", ["ink"]),
        ("$.items[-2].name", ["pen"]),
        ("$.items[2]", []),
        ("$.items[-3]", []),
        ("$.items[*].name", ["pen", "ink"]),
        ("$.items.*.name", ["pen", "ink"]),
        ("$.items[1].status", [None]),
        ("$..status", ["up", None]),
        ("$..['name']", ["pen", "ink"]),
        ("$..[2]", [3]),
        ("$.items..*", [*SHOP["items"], "pen", [1, 2, 3], 1, 2, 3, "ink", None]),
        ("$.items[*]..*", ["pen", [1, 2, 3], 1, 2, 3, "ink", None]),
        ("$.items..sizes..*", [1, 2, 3]),
        ("$.status.length", []),
        ("$.status[0]", []),
        ("$[0]", []),
        ("$.items.name", []),
        ("$.items['0']", []),
        ("$[:]", []),
    ],
)
def test_path_leads_to_values(path: str, found: list[object]) -> None:
    assert find_nodes(SHOP, path) == found


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("1:3", [1, 2]),
        ("4:", [4, 5]),
        (":2", [0, 1]),
        ("-2:", [4, 5]),
        ("::2", [0, 2, 4]),
        ("1:2:", [1]),
        ("::-2", [5, 3, 1]),
        ("3:0:-1", [3, 2, 1]),
        ("0:999999999999999:999999999999999", [0]),
        ("3:1", []),
    ],
)
def test_slice_is_that_of_the_standard(part: str, found: list[object]) -> None:
    assert find_nodes(NUMBERS, f"$.n[{part}]") == found


@pytest.mark.parametrize(
    "path",
    [
        "status",
        "@.status",
        "$status",
        "$.",
        "$..",
        "$...a",
        "$.a.",
        "$.[0]",
        "$.1a",
        "$.a b",
        "$[a]",
        "$[]",
        "$[01]",
        "$[-0]",
        "$[1.0]",
        "$[٣]",
        "$[::0]",
        "$[9999999999999999]",
        "$['a'",
        "$['a\\'b']",
        "$['a\n']",
        "$['\u202ea']",
        "$['a','b']",
        "$[0,1]",
        "$[?@.a]",
        "$[?match(@.a, '(a+)+$')]",
        "$.a.length()",
        "$.a\n",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"A path looks like \$\.status"):
        clean_path(path)


@pytest.mark.parametrize(("value", "path"), [("", ""), ("  ", ""), (" $.a ", "$.a")])
def test_path_is_kept_without_spaces_around_it(value: str, path: str) -> None:
    assert clean_path(value) == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab*0.[]é '", max_size=4),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.text("ab*0.[]é ", max_size=4), inside, max_size=4)
    ),
    max_leaves=20,
)


def walk(node: Any, path: str = "$") -> list[tuple[str, object]]:
    """Return all there is in a document, with the one path that leads to each."""
    found: list[tuple[str, object]] = [(path, node)]
    if isinstance(node, dict):
        found += [hit for key in node for hit in walk(node[key], f"{path}['{key}']")]
    if isinstance(node, list):
        found += [hit for at, value in enumerate(node) for hit in walk(value, f"{path}[{at}]")]
    return found


@given(JSON)
@settings(deadline=None)
def test_each_value_is_found_by_its_own_path_and_once_by_the_widest(document: object) -> None:
    everything = walk(document)
    for path, node in everything:
        assert (clean_path(path), find_nodes(document, path)) == (path, [node])
    inside = sorted(repr(node) for _, node in everything[1:])
    assert sorted(map(repr, find_nodes(document, "$..*"))) == inside


@given(st.text("$.*[]'\"ab01:-, ?@()", max_size=PATH_LENGTH), JSON)
@settings(deadline=None)
def test_any_text_is_refused_or_can_be_followed(value: str, document: object) -> None:
    try:
        path = clean_path(value)
    except ValueError:
        return
    find_nodes(document, path)


@pytest.mark.parametrize("path", ["$[*]", "$..a", "$[::-1]"])
def test_search_ends_where_there_is_too_much(path: str) -> None:
    with pytest.raises(TooManyNodesError):
        find_nodes([0] * MAX_NODES, path)


@pytest.mark.parametrize("steps", [3, 66])
def test_search_ends_where_each_step_multiplies_the_work(steps: int) -> None:
    nested: object = 0
    for _ in range(900):
        nested = [nested, 0]
    with pytest.raises(TooManyNodesError):
        find_nodes(nested, "$" + "..*" * steps)
