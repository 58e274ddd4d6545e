"""The medians as a picture: bars of CPU time for each work, readable in light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT = 760, 270, 110  # px; of the whole, of the names, of the figures
BAR, HEAD, TOP = 18, 40, 92  # px; a bar with its gap, a title with its gap, what stands above
STYLE = """\
  svg { font: 13px system-ui, sans-serif; background: #fff; }
  text { fill: #1b1f24; } .hint { fill: #59636e; }
  .title { font-weight: 600; font-size: 15px; }
  .peer { fill: #8c959f; } .tuned { fill: #57606a; } .ours { fill: #0b6bcb; }
  .database { opacity: 0.45; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; }
    text { fill: #e6edf3; } .hint { fill: #9198a1; }
    .peer { fill: #6e7681; } .tuned { fill: #b1bac4; } .ours { fill: #58a6ff; }
  }"""

Sums = Sequence[Mapping[str, Any]]


def draw(
    sums: Sums,
    works: Mapping[str, str],
    stacks: Mapping[str, tuple[str, str]],
    connections: int,
    note: str,
) -> str:
    """Return an SVG; *works* and *stacks* have titles by name, stacks their kind as well."""
    found = [one for one in sums if one["connections"] == connections]
    parts, y = [], TOP
    for work, title in works.items():
        rows = sorted((one for one in found if one["work"] == work), key=find_cost)
        if rows:
            parts.append(write(0, y, title, "title"))
            parts += draw_rows(rows, stacks, y + BAR)
            y += HEAD + BAR * len(rows)
    head = [
        write(0, 20, f"CPU ms per request at {connections} connections, less is better", "title"),
        write(0, 42, "full: the server, faint: PostgreSQL; beside it requests/s", "hint"),
        write(0, 60, note, "hint"),
    ]
    size = f'width="{WIDTH}" height="{y}" viewBox="-10 0 {WIDTH} {y}"'
    inside = "\n".join([f"<style>\n{STYLE}\n</style>", *head, *parts])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{inside}\n</svg>\n'


def find_cost(one: Mapping[str, Any]) -> float:
    return float(one["server"] + one["database"])


def draw_rows(rows: Sums, stacks: Mapping[str, tuple[str, str]], y: int) -> list[str]:
    scale = (WIDTH - LEFT - RIGHT - 20) / max(map(find_cost, rows))
    parts = []
    for number, one in enumerate(rows):
        top = y + number * BAR
        title, kind = stacks[one["stack"]]
        server, whole = one["server"] * scale, find_cost(one) * scale
        parts += [
            write(0, top, title),
            f'<rect class="{kind}" x="{LEFT}" y="{top - 11}" width="{server:.1f}" height="13"/>',
            f'<rect class="{kind} database" x="{LEFT + server:.1f}" y="{top - 11}" '
            f'width="{whole - server:.1f}" height="13"/>',
            write(LEFT + whole + 6, top, f"{find_cost(one):.3g} ms, {one['rate']:.0f}/s", "hint"),
        ]
    return parts


def write(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y}">{escape(text)}</text>'
