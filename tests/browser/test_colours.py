"""The palette: text and what surrounds it differ as WCAG 2.2 asks (1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

import quartapp

CSS = (Path(quartapp.__file__).parent / "static" / "app.css").read_text()
COLOURS = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", CSS)
LIGHT = {name: light for name, light, _ in COLOURS}
DARK = {name: dark for name, _, dark in COLOURS}
TEXT = [
    *((ink, paper) for ink in ("ink", "faint", "accent", "danger") for paper in ("paper", "soft")),
    ("on-accent", "accent"),
    ("on-accent", "danger"),
]
SHAPES = [  # the focus, the border of a field, of a wrong field, of a message
    *(("accent", paper) for paper in ("paper", "soft", "line")),
    ("faint", "paper"),
    ("danger", "paper"),
    ("good", "soft"),
    *((kind, "calm") for kind in ("danger", "warn", "faint")),  # bad days among good ones
]


def measure_contrast(one: str, other: str) -> float:
    darker, lighter = sorted((measure_luminance(one), measure_luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def measure_luminance(colour: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb`."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    red, green, blue = (make_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def make_linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def test_measure_agrees_with_the_known_extremes() -> None:
    assert measure_contrast("#000", "#ffffff") == pytest.approx(21)
    assert measure_contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_palette_has_no_colour_that_nobody_uses() -> None:
    assert {name for pair in TEXT + SHAPES for name in pair} == set(LIGHT)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (SHAPES, 3)], ids=["text", "shapes"])
def test_colours_can_be_told_apart(
    palette: dict[str, str], pairs: list[tuple[str, str]], least: float
) -> None:
    found = {pair: measure_contrast(*(palette[name] for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < least} == {}


def test_nothing_but_the_palette_names_a_colour() -> None:
    rules = re.sub(r":root {.+?}", "", CSS, flags=re.S)
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl", rules) == []


def test_stylesheet_is_small() -> None:
    assert len(CSS) < 12_000
