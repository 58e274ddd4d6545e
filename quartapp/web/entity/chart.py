"""The chart of how fast a site answered, as paths of SVG: a step is 1 wide, the whole 100 high."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quartapp.models.curve import Curve
from quartapp.models.uptime import Span

HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    top: int  # ms, of the upper edge
    p50: str
    p95: str
    outages: str


def draw_chart(curve: Curve) -> Chart:
    p50 = [reading.p50 for reading in curve.readings]
    p95 = [reading.p95 for reading in curve.readings]
    top = find_top([*p50, *p95])
    width = len(curve.readings)
    outages = draw_outages(curve.outages, curve.while_, width)
    return Chart(width, top, draw_line(p50, top), draw_line(p95, top), outages)


def find_top(values: Iterable[float | None]) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50 … ms that is not below any of some seconds."""
    most = max((value * 1000 for value in values if value is not None), default=0)
    unit = 1
    while unit * 10 < most:
        unit *= 10
    return next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= most)


def draw_line(values: Sequence[float | None], top: int) -> str:
    """Return a line through the middles of the steps; it breaks off where nothing is known."""
    path, is_on = "", False
    for number, value in enumerate(values):
        if value is not None:
            path += f"{'L' if is_on else 'M'}{number}.5 {find_height(value, top):g}"
            if not is_on:
                path += "h0"  # one that stands alone is a dot
        is_on = value is not None
    return path


def find_height(value: float, top: int) -> float:
    return round(HEIGHT * (1 - value * 1000 / top), 1)


def draw_outages(outages: Sequence[Span], while_: Span, width: int) -> str:
    """Return a box for each outage, wide enough to be seen."""
    scale, path = width / while_.seconds, ""
    for outage in outages:
        start = max(0.0, (outage.start - while_.start).total_seconds() * scale)
        end = min(float(width), (outage.end - while_.start).total_seconds() * scale)
        length = max(end - start, width / 400)
        path += f"M{start:.2f} 0h{length:.2f}v{HEIGHT}h-{length:.2f}z"
    return path
