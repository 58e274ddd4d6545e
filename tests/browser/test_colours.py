"""The palette: text and what surrounds it differ as WCAG 2.2 asks (1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

import quartapp

CSS = (Path(quartapp.__file__).parent / "static" / "app.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root {(.+?)}", CSS, re.S)
)
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
]


def measure_contrast(one: str, other: str) -> float:
    darker, lighter = sorted((measure_lightness(one), measure_lightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


def measure_lightness(colour: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb`."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(
        weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def test_measure_agrees_with_the_known_extremes() -> None:
    assert measure_contrast("#000", "#ffffff") == pytest.approx(21)
    assert measure_contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
    assert set(LIGHT) == {"paper", "ink", "faint", "line", "soft", "accent", "on-accent", "danger", "good"}


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("one", "other", "least"), [(*p, 4.5) for p in TEXT] + [(*p, 3) for p in SHAPES])
def test_colours_can_be_told_apart(
    palette: dict[str, str], one: str, other: str, least: float
) -> None:
    assert measure_contrast(palette[one], palette[other]) >= least


def test_nothing_but_the_palette_names_a_colour() -> None:
    rules = re.sub(r":root {.+?}", "", CSS, flags=re.S)
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl", rules) == []


def test_stylesheet_is_small() -> None:
    assert len(CSS) < 12_000
