"""Everything fails in turn, under load: `python3 manage.py chaos --minutes 30 --seed 7`.

Starts nginx, PostgreSQL, Valkey, a mail server, a name server, sites, two `quart serve` and two
`quart worker`, and draws what fails. The figures go to `docs/evidence/chaos.json`; it exits with 1
when a promise of docs/operations.md is broken, and says by what.
"""

import argparse
import asyncio
import json
import math
import random
import sys
from collections.abc import Iterable, Sequence

from tests.chaos.load import prepare
from tests.chaos.run import Round, draw, play
from tests.chaos.stack import start_stack
from tests.chaos.verdict import Verdict, judge
from tests.processes import ROOT

MINUTES, SECONDS = 30.0, (2.0, 8.0)  # of a fault, and of the rest after it
SHOWN = 10  # examples of what is wrong
EVIDENCE = ROOT / "docs" / "evidence" / "chaos.json"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python3 manage.py chaos", description=about)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"[default: {MINUTES:g}]")
    parser.add_argument("--seed", type=int, help="of an earlier run, to have the same faults")
    return parser.parse_args(arguments)


async def run(rounds: Iterable[Round], seconds: float = math.inf, **settings: str) -> Verdict:
    """Play the rounds, for so many seconds at most, and judge what came of it."""
    async with start_stack(**settings) as stack:
        load = await prepare(stack)
        story = await play(stack, load, rounds, seconds)
        return await judge(stack, load, story)


def show(verdict: Verdict) -> None:
    print(f"\n{'':32}{'times':>8}{'ready, s':>10}{'held, s':>10}{'503':>8}")
    for name, row in verdict.figures["by fault"].items():
        print(f"{name:32}{row['times']:8}{row['ready']:10.2f}{row['held']:10.2f}{row['503']:8}")
    print()
    for name, value in verdict.figures.items():
        if name != "by fault":
            print(f"{name:24}{value}")
    print()
    for promise, wrong in verdict.wrong.items():
        print(f"{promise:40}{f'BROKEN {len(wrong)} times' if wrong else 'ok'}")
        for one in wrong[:SHOWN]:
            print(f"    {one}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    seed = options.seed if options.seed is not None else random.randrange(1, 10_000)
    print(f"--seed {seed}", flush=True)
    rounds = draw(random.Random(seed), SECONDS)
    verdict = asyncio.run(run(rounds, 60 * options.minutes))
    show(verdict)
    found = {"seed": seed, **verdict.figures, "broken": verdict.broken}
    EVIDENCE.write_text(json.dumps(found, indent=1) + "\n")
    return int(bool(verdict.broken))


if __name__ == "__main__":
    sys.exit(main())
