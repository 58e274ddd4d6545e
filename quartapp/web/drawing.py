"""Small pictures as SVG, in pixels and few letters, so that a page of a thousand of them is small.

Bars are strokes as thick as they are high: app.css has their colours and heights.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from quartapp.models.dashboard import Glance
from quartapp.models.glance import UNKNOWN, Day

DAY_WIDTH, MIDDLE = 2, 8  # of a bar
LEFT, STEP, TOP = 190, 9, 15  # of a line: its start, from point to point, of the slowest one
HOURS_OF_POINT = 3


class Picture(NamedTuple):
    """What is drawn of a site: a bar, and a line behind it."""

    bar: Markup
    line: str


def draw_site(site: Glance) -> Picture:
    return Picture(draw_days(site.days), draw_means(site.means))


@lru_cache(maxsize=4096)  # many sites had the same days
def draw_days(days: str) -> Markup:
    """Return a path for each kind of day there was, with a stroke for each run of such days.

    Where every day is known, good ones are the ground that the others stand on, of class `u`.
    """
    strokes: dict[str, str] = {}
    for day, first, length in find_runs(days):
        if day != Day.UP or UNKNOWN in days:
            stroke = f"M{first * DAY_WIDTH} {MIDDLE}h{length * DAY_WIDTH}"
            strokes[day] = strokes.get(day, "") + stroke
    return Markup().join(
        Markup('<path class={} d="{}"/>').format(day, path) for day, path in strokes.items()
    )


def find_runs(days: str) -> Iterator[tuple[str, int, int]]:
    first = 0
    for day, run in groupby(days):
        length = len(list(run))
        if day != UNKNOWN:
            yield day, first, length
        first += length


def draw_means(means: Sequence[int | None]) -> str:
    """Return the path of the hours that are known; the slowest point is at the top."""
    points = [
        average(means[first : first + HOURS_OF_POINT])
        for first in range(0, len(means), HOURS_OF_POINT)
    ]
    slowest = max([*filter(None, points), 1])
    path, last = "", None
    for number, point in enumerate(points):
        height = None if point is None else 1 + TOP - round(point / slowest * TOP)
        if height is None:
            pass
        elif last is None:
            path += f"M{LEFT + number * STEP} {height}l"
        else:
            path += f"{STEP}{write_step(height - last)}"
        last = height
    return path.removesuffix("l").rstrip()


def average(means: Sequence[int | None]) -> float | None:
    known = [mean for mean in means if mean is not None]
    return sum(known) / len(known) if known else None


def write_step(step: int) -> str:
    """Return a number that follows another one, as short as SVG allows."""
    return f"{step} " if step < 0 else f" {step} "
