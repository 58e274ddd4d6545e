"""Small pictures as paths of SVG, in pixels, so that a page of a thousand of them stays small."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from quartapp.models.dashboard import Day

DAY_WIDTH, DAY_HEIGHT = 2, 16  # of a bar
STEP, TOP = 3, 15  # from hour to hour; of the slowest one


def draw_days(days: Sequence[Day | None]) -> dict[Day, str]:
    """Return a path for each kind of day there was: a box for each run of such days.

    Where every day is known, good ones are the ground that the others stand on.
    """
    paths: dict[Day, str] = {}
    for day, first, length in find_runs(days):
        if day is Day.UP and None not in days:
            continue
        box = f"M{first * DAY_WIDTH} 0h{length * DAY_WIDTH}v{DAY_HEIGHT}h-{length * DAY_WIDTH}z"
        paths[day] = paths.get(day, "") + box
    return paths


def find_runs(days: Sequence[Day | None]) -> Iterator[tuple[Day, int, int]]:
    first = 0
    for day, run in groupby(days):
        length = len(list(run))
        if day is not None:
            yield day, first, length
        first += length


def describe_days(days: Sequence[Day | None]) -> str:
    """Say what the bar shows."""
    known = [day for day in days if day is not None]
    away = sum(day in (Day.SHAKY, Day.DOWN) for day in known)
    if not known:
        return "Nobody looked yet"
    if not away:
        return f"No outage in {count(len(known))}"
    return f"Outages on {away} of {count(len(known))}"


def count(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def draw_latencies(latencies: Sequence[int | None]) -> str:
    """Return the line of the hours that are known; the slowest one is at the top."""
    slowest = max([*filter(None, latencies), 1])
    path, last = "", None
    for number, latency in enumerate(latencies):
        height = None if latency is None else 1 + TOP - round(latency / slowest * TOP)
        if height is None:
            pass
        elif last is None:
            path += f"M{number * STEP} {height}l"
        else:
            path += f"{STEP}{write_step(height - last)}"
        last = height
    return path.removesuffix("l")


def write_step(step: int) -> str:
    """Return a number that follows another one, as short as SVG allows."""
    return f"{step} " if step < 0 else f" {step} "
