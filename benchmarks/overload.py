"""Three times what a process can do, for a minute: how much is still done, how the rest ends.

`python -m benchmarks.overload [--quick]` starts PostgreSQL, nginx and one process on hypercorn, and
finds out how many requests for one entity it answers a second at 64 connections, its peak. Then
thousands of clients together ask three times as often: each rests so long between an answer and
its next request that how soon it was answered counts for little. 64 follow them, until all is as
before. The figures go to `docs/evidence/overload.json`; it exits with 1 when one falls short.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.__main__ import POSTGRES
from benchmarks.field import STACKS, start_stacks
from benchmarks.fill import SITES, fill
from benchmarks.load import Line, allow_files, find_wrk, tell
from benchmarks.works import HOST
from tests.databases import create_database, start_postgres
from tests.processes import ROOT, make_folder

CLIENTS, FACTOR, MINUTE, QUICK = 3_000, 3, 60, 10  # nginx takes 4,096, with its own
NORMAL = 64  # connections
WAIT = 80  # ms that an answer takes on average when there are too many, refusals among them
GOODPUT, WITHIN, BACK = 0.8, 1.0, 5.0  # of the peak; s for a refusal; s until all is as before
EVIDENCE = ROOT / "docs" / "evidence" / "overload.json"
SCRIPT = """\
wrk.headers["Host"] = "{host}"
wrk.headers["Authorization"] = "Bearer {token}"
local threads = {{}}
served, refused, failed = 0, 0, 0
function setup(thread) table.insert(threads, thread) end
function init(arguments) math.randomseed(tonumber(arguments[1])) end
function delay() return math.random(0, 2 * {delay}) end
function request()
  return wrk.format("GET", "/api/v1/entities/" .. math.random({sites}))
end
function response(status)
  if status == 200 then served = served + 1
  elseif status == 503 or status == 429 then refused = refused + 1
  else failed = failed + 1 end
end
function done(summary, latency)
  local e, thread = summary.errors, threads[1]
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", thread:get("served"), thread:get("refused"),
    thread:get("failed") + e.connect + e.read + e.write + e.timeout,
    summary.duration, latency:percentile(99), latency.max))
end
"""


def load(url: str, folder: Path, values: dict[str, Any], clients: int, seconds: int) -> Any:
    """Return how many a second were served, refused and failed, and how many ms that took."""
    script = folder / "load.lua"
    script.write_text(SCRIPT.format(host=HOST, **values))
    options = ["-t1", f"-c{clients}", f"-d{seconds}s", "--timeout=30s", "-s", str(script)]
    command = [find_wrk(), *options, url, "--", str(random.randrange(2**31))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not found:
        sys.exit(f"wrk said: {done.stdout}{done.stderr}")
    served, refused, failed, duration, p99, longest = map(int, found[0].split()[1:])
    took = duration / 1e6
    rates = {"served": served / took, "refused": refused / took, "failed": failed / took}
    return {**rates, "p99_ms": p99 / 1000, "longest_ms": longest / 1000}


def measure(url: str, token: str, seconds: int, folder: Path) -> dict[str, Any]:
    calm = {"token": token, "sites": SITES, "delay": 0}
    load(url, folder, calm, NORMAL, 2)  # warm
    peak = load(url, folder, calm, NORMAL, 5)
    delay = max(0, round(1000 * CLIENTS / (FACTOR * peak["served"]) - WAIT))
    over = load(url, folder, {**calm, "delay": delay}, CLIENTS, seconds)
    began = time.monotonic()
    after = load(url, folder, calm, NORMAL, 1)
    while after["served"] < 0.9 * peak["served"] and time.monotonic() - began < 60:
        after = load(url, folder, calm, NORMAL, 1)
    back = time.monotonic() - began
    return {"peak": peak, "over": over, "after": after, "delay_ms": delay, "back_s": back}


def judge(found: dict[str, Any]) -> list[Line]:
    """Return each figure with what was wanted, and whether it holds."""
    peak, over = found["peak"]["served"], found["over"]
    offered = sum(over[name] for name in ("served", "refused", "failed"))
    goodput, longest = over["served"] / peak, over["p99_ms"] / 1000
    return [
        ("offered, times the peak", FACTOR, offered / peak, offered >= FACTOR * peak),
        ("served, of the peak", GOODPUT, goodput, goodput >= GOODPUT),
        ("failed a second", 0, over["failed"], over["failed"] == 0),
        ("99 of 100 answers within, s", WITHIN, longest, longest <= WITHIN),
        ("as before after, s", BACK, found["back_s"], found["back_s"] <= BACK),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="ten seconds in place of a minute")
    allow_files()
    seconds = QUICK if parser.parse_args().quick else MINUTE
    stacks = [stack for stack in STACKS if stack.name == "quartapp"]
    with make_folder() as folder, start_postgres(**POSTGRES) as postgres:
        data = asyncio.run(fill(create_database(postgres)))
        with start_stacks(stacks, data.url) as (one,):
            found = measure(one.url, data.token, seconds, folder)
    if seconds == MINUTE:
        EVIDENCE.write_text(json.dumps({"seconds": seconds, **found}, indent=1) + "\n")
    return tell(judge(found))


if __name__ == "__main__":
    sys.exit(main())
