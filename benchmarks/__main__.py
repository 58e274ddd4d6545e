"""quartapp against other stacks: `python3 manage.py bench`. docs/performance.md tells about it."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.chart import draw
from benchmarks.field import (
    CORES,
    IS_PINNED,
    OTHER_CORES,
    SECRET_KEY,
    STACKS,
    Running,
    Stack,
    find_lack,
    open_limits,
    start_stacks,
)
from benchmarks.fill import SITES, Data, fill, forget_new
from benchmarks.growth import measure_growth
from benchmarks.load import Cell, Place, allow_files, find_wrk, measure
from benchmarks.table import COST_AT, Row, judge, sum_up, write_table
from benchmarks.verify import verify, verify_cursor
from benchmarks.works import WORKS, Work, make_signer, write_cursors, write_script
from tests.databases import create_database, start_postgres
from tests.processes import ROOT, Server, make_folder

CONNECTIONS = (64, 512)
ROUNDS, SECONDS = 5, 2
EVIDENCE, TRIALS = ROOT / "docs" / "evidence", ROOT / "instance"  # of all, of a part
POSTGRES: dict[str, str | int] = {
    "max_connections": 300,
    "shared_buffers": "1GB",
    "autovacuum": "off",
}
PACKAGES = """quart hypercorn sqlalchemy asyncpg flask flask-sqlalchemy psycopg gunicorn gevent
fastapi uvicorn litestar advanced-alchemy msgspec granian uvloop"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 manage.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--rounds", type=int, default=0, help=f"[default: {ROUNDS}]")
    parser.add_argument("--only", default="", help="works and stacks, with commas between")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    return options


def choose(only: str) -> tuple[list[Work], list[Stack]]:
    """Return what was named, all where nothing of its kind was; exit for a name of nothing."""
    names = set(filter(None, only.split(",")))
    works = [work for work in WORKS if work.name in names]
    stacks = [stack for stack in STACKS if stack.name in names]
    known = [*(work.name for work in WORKS), *(stack.name for stack in STACKS)]
    if names - {*known}:
        sys.exit(
            f"--only: {', '.join(sorted(names - {*known}))} is none of {', '.join(sorted(known))}"
        )
    return works or WORKS, stacks or STACKS


def leave_out_lacking(stacks: list[Stack]) -> list[Stack]:
    there = []
    for stack in stacks:
        if lack := find_lack(stack):
            print(f"left out: {stack.title}: quartapp has no {lack} yet")
        else:
            there.append(stack)
    return there


@contextmanager
def start_field(stacks: list[Stack]) -> Iterator[tuple[Server, Data, list[Running]]]:
    if IS_PINNED:
        os.sched_setaffinity(0, OTHER_CORES)
    with start_postgres(**POSTGRES) as postgres:
        print(f"filling PostgreSQL with {SITES} sites", flush=True)
        data = asyncio.run(fill(create_database(postgres)))
        with start_stacks(stacks, data.url) as running:
            yield postgres, data, running


def write_scripts(folder: Path, works: list[Work], data: Data) -> None:
    for kind, sign in (("ours", make_signer(SECRET_KEY)), ("peers", str)):
        cursors = folder / f"cursors-{kind}"
        write_cursors(cursors, data.sites, sign)
        for work in works:
            write_script(folder / f"{work.name}-{kind}.lua", work, data.token, data.sites, cursors)


def play(
    options: argparse.Namespace,
    works: list[Work],
    field: tuple[Server, Data, list[Running]],
    folder: Path,
) -> list[Cell]:
    """Measure all, interleaved: in each round each stack does each work once, in turns."""
    postgres, data, running = field
    cells = []
    for number in range(options.rounds):
        for work in works:
            for connections in CONNECTIONS:
                turn = running[number % len(running) :] + running[: number % len(running)]
                for one in turn:
                    kind = "ours" if one.stack.kind == "ours" else "peers"
                    if work.ours_alone and kind != "ours":
                        continue
                    if one.stack.is_beside and connections != COST_AT:
                        continue
                    script = folder / f"{work.name}-{kind}.lua"
                    place = Place(one.url, one.pid, postgres.pid)
                    found = measure(place, script, connections, SECONDS)
                    cells.append(Cell(work.name, one.stack.name, round=number, **found))
                    show(cells[-1])
                    if work.name == "create":
                        asyncio.run(forget_new(data))
    return cells


def show(cell: Cell) -> None:
    print(
        f"{cell.round + 1} {cell.work:12}{cell.connections:4} {cell.stack:24}{cell.rate:9.0f}/s "
        f"p50 {cell.p50:7.1f} p99 {cell.p99:7.1f} ms, CPU {cell.server:6.3f} + "
        f"{cell.database:6.3f} ms, {cell.memory:4.0f} MB, {cell.errors} errors",
        flush=True,
    )


def describe(options: argparse.Namespace, postgres: Server) -> dict[str, Any]:
    """Say where and how it was measured."""
    return {
        "cores": len(CORES),
        "pinned": IS_PINNED,  # the server to one core; wrk, nginx and PostgreSQL to the others
        "processor": read_processor(),
        "python": platform.python_version(),
        "postgresql": postgres.version,
        "postgresql_settings": POSTGRES,
        "packages": {name: version(name) for name in PACKAGES.split()},
        "settings": open_limits(),
        "rounds": options.rounds,
        "seconds": SECONDS,
        "sites": SITES,
    }


def read_processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "?")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    find_wrk()
    allow_files()
    works, stacks = choose(options.only)
    stacks = leave_out_lacking(stacks)
    with make_folder() as folder, start_field(stacks) as field:
        postgres, data, running = field
        write_scripts(folder, works, data)
        ours = [one for one in running if one.stack.kind == "ours"]
        for one in ours:
            verify_cursor(one, data.token, make_signer(SECRET_KEY))
        verify(running, data.token, [work.name for work in works])
        asyncio.run(forget_new(data))
        print("all answer the same", flush=True)
        cells = play(options, works, field, folder)
        about = describe(options, postgres)
        is_whole = not (options.quick or options.only)
        grown = measure_growth(postgres, data, options.rounds, SECONDS, folder) if is_whole else []
    return report(about, cells, grown, EVIDENCE if is_whole else TRIALS)


def report(about: dict[str, Any], cells: list[Cell], grown: list[Row], folder: Path) -> int:
    sums = sum_up(cells)
    rows = judge(cells, [stack.name for stack in STACKS if stack.kind == "peer"]) + grown
    found = {"about": about, "medians": sums, "verdict": [vars(row) for row in rows]}
    found["rounds"] = [cell.to_dict() for cell in cells]
    folder.mkdir(exist_ok=True)
    (folder / "api.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "api.svg").write_text(draw_chart(about, sums))
    print(write_table(sums))
    print_rows(rows)
    return int(not all(row.holds for row in rows))


def draw_chart(about: dict[str, Any], sums: list[dict[str, object]]) -> str:
    works = {work.name: work.title for work in WORKS}
    stacks = {stack.name: (stack.title, stack.kind) for stack in STACKS}
    pinned = ", the server has one of them" if about["pinned"] else ""
    note = f"{about['processor']}, {about['cores']} cores{pinned}; medians of {about['rounds']}"
    return draw(sums, works, stacks, COST_AT, note)


def print_rows(rows: list[Row]) -> None:
    print(f"\n{'':6}{'':64}{'wanted':>12}{'reached':>12}")
    for row in rows:
        print(row)


if __name__ == "__main__":
    sys.exit(main())
