"""What is to be reached, and what was: medians over the rounds, ratios pair by pair."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.load import Cell

COST_AT, P99_AT = 64, 512  # connections
MAX_MB = 150
STATUS_TIMES = 25  # as many requests/s as the best peer
OURS = {"hypercorn": "quartapp", "granian": "quartapp-granian"}

Figure = Callable[[Cell], float]


@dataclass(frozen=True)
class Target:
    """The least number of times that a peer's cost is ours, on each of our servers."""

    work: str
    hypercorn: float
    granian: float
    server_alone: bool = False  # on hypercorn, the database's part is not counted


TARGETS = [
    Target("entity", 2.5, 6),
    Target("page", 3, 8),
    Target("summary", 2, 4, server_alone=True),
    Target("create", 2, 4),
    Target("list", 2.5, 4),
]


@dataclass(frozen=True)
class Row:
    """One line of the verdict."""

    title: str
    wanted: str
    reached: str
    holds: bool

    def __str__(self) -> str:
        return (
            f"{'ok' if self.holds else 'SHORT':6}{self.title:44}{self.wanted:>14}{self.reached:>14}"
        )


def pick(cells: Iterable[Cell], work: str, stack: str, connections: int) -> list[Cell]:
    """Return the rounds of one cell of the field, in order."""
    wanted = (work, stack, connections)
    found = [cell for cell in cells if (cell.work, cell.stack, cell.connections) == wanted]
    return sorted(found, key=lambda cell: cell.round)


def find_median(cells: Iterable[Cell], figure: Figure) -> float:
    return statistics.median(map(figure, cells))


def find_ratio(ours: Sequence[Cell], theirs: Sequence[Cell], figure: Figure) -> float:
    """Return the median of what the figure of theirs is of ours, each of the same round."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(figure(their) / max(figure(our), 1e-9) for our, their in pairs)


def judge(cells: Sequence[Cell], peers: Sequence[str]) -> list[Row]:
    """Return a row for all that was measured of what is to be reached."""
    rows = []
    for server, ours in OURS.items():
        if any(cell.stack == ours for cell in cells):
            rows += [*judge_costs(cells, peers, server, ours), *judge_status(cells, peers, ours)]
            rows += judge_waits(cells, peers, ours)
            rows += judge_health(cells, ours)
    return rows


def judge_costs(
    cells: Sequence[Cell], peers: Sequence[str], server: str, ours: str
) -> Iterable[Row]:
    for target in TARGETS:
        times: float = getattr(target, server)
        alone = target.server_alone and server == "hypercorn"
        figure: Figure = (lambda cell: cell.server) if alone else (lambda cell: cell.cpu)
        mine = pick(cells, target.work, ours, COST_AT)
        rivals = find_rivals(cells, target.work, peers, COST_AT)
        if mine and rivals:
            best = min(rivals, key=lambda found: find_median(found, figure))
            ratio = find_ratio(mine, best, figure)
            title = f"{ours}: {target.work}, CPU of {best[0].stack} is"
            yield Row(title, f">= {times:g} x", f"{ratio:.2f} x", ratio >= times)


def judge_status(cells: Sequence[Cell], peers: Sequence[str], ours: str) -> Iterable[Row]:
    mine = pick(cells, "status", ours, COST_AT)
    rivals = find_rivals(cells, "status", peers, COST_AT)
    if mine and rivals:
        best = max(rivals, key=lambda found: find_median(found, read_rate))
        ratio = 1 / find_ratio(mine, best, read_rate)
        title = f"{ours}: status, requests/s of {best[0].stack}"
        yield Row(title, f">= {STATUS_TIMES} x", f"{ratio:.2f} x", ratio >= STATUS_TIMES)


def judge_waits(cells: Sequence[Cell], peers: Sequence[str], ours: str) -> Iterable[Row]:
    for work in dict.fromkeys(cell.work for cell in cells):
        mine = pick(cells, work, ours, P99_AT)
        rivals = find_rivals(cells, work, peers, P99_AT)
        if mine and rivals:
            least = min(find_median(found, read_p99) for found in rivals)
            reached = find_median(mine, read_p99)
            title = f"{ours}: {work}, p99 at {P99_AT} connections"
            yield Row(title, f"< {least:.0f} ms", f"{reached:.0f} ms", reached < least)


def judge_health(cells: Sequence[Cell], ours: str) -> Iterable[Row]:
    mine = [cell for cell in cells if cell.stack == ours]
    errors, memory = sum(cell.errors for cell in mine), max(cell.memory for cell in mine)
    yield Row(f"{ours}: errors", "0", str(errors), errors == 0)
    yield Row(f"{ours}: memory of a process", f"< {MAX_MB} MB", f"{memory:.0f} MB", memory < MAX_MB)


def find_rivals(
    cells: Sequence[Cell], work: str, peers: Sequence[str], connections: int
) -> list[list[Cell]]:
    found = (pick(cells, work, peer, connections) for peer in peers)
    return [rounds for rounds in found if rounds]


def read_rate(cell: Cell) -> float:
    return cell.rate


def read_p99(cell: Cell) -> float:
    return cell.p99


def sum_up(cells: Sequence[Cell]) -> list[dict[str, object]]:
    """Return the medians of each cell of the field."""
    keys = dict.fromkeys((cell.work, cell.stack, cell.connections) for cell in cells)
    sums: list[dict[str, object]] = []
    for work, stack, connections in keys:
        rounds = pick(cells, work, stack, connections)
        figures = ("rate", "p50", "p99", "server", "database", "memory")
        medians = {
            name: float(f"{statistics.median(getattr(cell, name) for cell in rounds):.4g}")
            for name in figures
        }
        errors = sum(cell.errors for cell in rounds)
        sums.append(
            {"work": work, "stack": stack, "connections": connections, **medians, "errors": errors}
        )
    return sums


def write_table(sums: Sequence[dict[str, object]]) -> str:
    """Return the medians as lines, a block for each work and number of connections."""
    lines = []
    shown = None
    for one in sorted(sums, key=lambda one: (str(one["work"]), str(one["connections"]))):
        block = f"{one['work']}, {one['connections']} connections"
        if block != shown:
            head = "requests/s   p50 ms   p99 ms   server ms   database ms    MB  errors"
            lines += ["", f"{block:26}{head}"]
            shown = block
        lines.append(
            f"  {one['stack']:24}{one['rate']:10.0f}{one['p50']:9.1f}{one['p99']:9.1f}"
            f"{one['server']:12.3f}{one['database']:14.3f}{one['memory']:6.0f}{one['errors']:8}"
        )
    return "\n".join(lines)
