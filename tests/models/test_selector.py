import random

import pytest
from selectolax.lexbor import LexborHTMLParser

from quartapp.models.lens import SELECTOR_LENGTH, clean_selector
from quartapp.models.selector import Picker

FIRST = ["div", "b", ".a", "*", "div.b", ":first-child", "i:not(.a)", ".c:last-child"]
LATER = ["div", "b", ".a", "*", "section.b", ":empty", "i:not(.a)", "[class=c]"]
JOINTS = [" ", " > ", "+", " ~ ", ", "]
LARGE = {
    "deep": "<div>" * 1000 + "<p></p>" * 2000,
    "long": "<p></p>" * 49_000,
    "flat": "<br>" * 99_000,
}


def make_tree(rng: random.Random, depth: int) -> str:
    if not depth:
        return rng.choice(["x", "<!-- x -->", ""])
    names = rng.choices(["div", "b", "section", "i"], k=rng.randint(0, 4))
    return "".join(
        f"<{name} class={rng.choice('abc')}>{make_tree(rng, depth - 1)}</{name}>"
        + rng.choice(["", "x", "<!-- x -->"])
        for name in names
    )


def make_selector(rng: random.Random) -> str:
    later = (rng.choice(JOINTS) + rng.choice(LATER) for _ in range(rng.randint(0, 3)))
    return clean_selector(rng.choice(FIRST) + "".join(later))


@pytest.mark.parametrize("seed", range(20))
def test_elements_are_those_that_the_parser_finds_by_itself(seed: int) -> None:
    rng = random.Random(seed)
    parser = LexborHTMLParser(f"<body><p class=a>{make_tree(rng, 4)}")
    selectors = [make_selector(rng) for _ in range(50)]
    own = {selector: {node.mem_id for node in parser.css(selector)} for selector in selectors}
    assert {selector: Picker(parser).find(selector) for selector in selectors} == own
    assert any(own.values())


@pytest.mark.parametrize("page", LARGE)
@pytest.mark.parametrize("selector", ["q * * *", "q > * * *", "q ~ * ~ * ~ *", "q + * ~ *"])
def test_search_on_a_large_page_ends(page: str, selector: str) -> None:
    assert Picker(LexborHTMLParser(LARGE[page])).find(clean_selector(selector)) == set()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", ["[a=bi]", "[a=b ]"])
def test_selector_is_refused_as_soon_as_it_is_read(part: str) -> None:
    """A chain of parts that had two ways to be read took hours to be refused."""
    with pytest.raises(ValueError, match="A selector has names"):
        clean_selector(f"{part * ((SELECTOR_LENGTH - 1) // len(part))}!")


@pytest.mark.parametrize("value", ["bi", "b i", '"b"i', "'b' s ", "i", "is", '"b" '])
def test_value_of_an_attribute_may_have_a_flag(value: str) -> None:
    assert clean_selector(f"p[a={value}].c > b") == f"p[a={value}].c > b"


@pytest.mark.parametrize(
    "selector",
    [
        r"*:h\61s(* * * q)",
        "p:has(b)",
        "p:h/**/as(b)",
        "p:not(:has(b))",
        "p:not(a b)",
        "p:nth-child(2)",
        "p:nth-last-of-type(2)",
        "p:first-of-type",
        "p::before",
        'a[b="',
        ", ".join("abcdefghijklmnopqrstu"),
    ],
)
def test_selector_that_may_take_long_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        clean_selector(selector)


@pytest.mark.parametrize(
    "selector", ['a[href^="https:, x > y"]', "p:not(.a:first-child) + #b", "h1, h2,h3", "#übung"]
)
def test_selector_of_cheap_parts_is_taken(selector: str) -> None:
    assert clean_selector(selector) == selector
