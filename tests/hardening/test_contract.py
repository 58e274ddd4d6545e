"""The OpenAPI document keeps its word: schemathesis calls each operation, rightly and wrongly."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quartapp.app import QuartApp
from quartapp.extensions import db
from tests.hardening.emptying import empty_database
from tests.hardening.keeper import PASS, keep
from tests.security.things import MAKERS
from tests.security.world import World
from tests.wire import serving

pytestmark = pytest.mark.contract

# More by QUARTAPP_EXAMPLES=500; the seed is fixed, so that a failure is the change's own.
EXAMPLES = os.environ.get("QUARTAPP_EXAMPLES", "3")
SEED = os.environ.get("QUARTAPP_SEED", "1")
LEAST = {"administrator": 4500, "editor": 600, "anonymous": 400}  # cases, on each database
SCENARIOS = 30  # of what is made, and then asked for by the links of its answer
LEAST_FOLLOWED = {"administrator": 8, "editor": 10, "anonymous": 0}  # links; strangers make nothing
# Who is kept out is refused before anything is read: a part of the edges of values tells enough.
# Each run takes another one, of so many; by QUARTAPP_COVERAGE=1 each takes all.
COVERAGE = int(os.environ.get("QUARTAPP_COVERAGE", "16"))
RUNS = [(role, kind) for role in ("anonymous", "editor") for kind in ("sqlite", "postgres")]
PHASES = ("examples", "coverage", "fuzzing", "stateful")
FOLLOWED = re.compile(r"API Links: +(\d+) covered / (\d+) selected")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "negative_data_rejection",
    "missing_required_header",
)


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.timeout(900)  # it calls each operation many times
@pytest.mark.parametrize("role", ["anonymous", "editor", "administrator"])
async def test_no_failure_and_no_undocumented_status(
    fresh_app: QuartApp,
    tmp_path: Path,
    role: str,
    database_kind: str,
    record_property: Callable[..., None],
) -> None:
    await fill(fresh_app)
    if role != "anonymous":
        keep(fresh_app, role)
    left_out = await choose_left_out(fresh_app, role, database_kind)
    write_settings(tmp_path, left_out)
    async with serving(fresh_app) as port:
        code, output, report = await run_schemathesis(port, role, tmp_path)

    cases = report["test_cases"]["generated"]
    record_property(f"contract: cases as {role} on {database_kind}", cases)
    assert code == 0, output
    done = {name for name, phase in report["phases"].items() if phase["status"] == "success"}
    assert done == set(PHASES)
    assert cases >= LEAST[role]
    followed, known = map(int, FOLLOWED.findall(output)[-1])
    record_property(f"contract: links followed as {role} on {database_kind}", followed)
    record_property(f"contract: links known as {role} on {database_kind}", known)
    assert followed >= LEAST_FOLLOWED[role], f"{followed} of {known} links"
    if role == "administrator":
        assert report["warnings"]["missing_auth"] == []  # no operation let nobody in


async def fill(app: QuartApp) -> None:
    """Have one of each thing, whose id is small enough to be tried."""
    world = World(app)
    async with app.app_context():
        await empty_database()
    async with app.app_context(), db.begin() as session:
        await world.make_values(session, "owner", "own", [*MAKERS])


async def choose_left_out(app: QuartApp, role: str, kind: str) -> list[str]:
    """Return the ids of the operations of which the edges are not tried in this run."""
    if role == "administrator":
        return []
    response = await app.test_client().get("/api/v1/openapi.json")
    document = await response.get_json()
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    offset = RUNS.index((role, kind)) + int(SEED)
    return [name for number, name in enumerate(sorted(ids)) if (number + offset) % COVERAGE]


def write_settings(folder: Path, left_out: list[str]) -> None:
    """Write what schemathesis reads in the folder where it starts."""
    lines = [f"phases.stateful.generation.max-examples = {SCENARIOS}"]
    if left_out:
        lines += ["[[operations]]", f"include-operation-id = {left_out}"]
        lines += ["phases.coverage.enabled = false"]
    (folder / "schemathesis.toml").write_text("\n".join(lines))


async def run_schemathesis(port: int, role: str, folder: Path) -> tuple[int, str, dict[str, Any]]:
    who = [] if role == "anonymous" else [f"--header=Authorization: {PASS.decode()}"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        *who,
        f"--phases={','.join(PHASES)}",
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={EXAMPLES}",
        f"--seed={SEED}",
        "--generation-database=none",
        "--continue-on-failure",
        "--report=json",
        "--report-json-path=report.json",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    report = json.loads((folder / "report.json").read_text())
    return process.returncode or 0, output.decode(), report
