"""The OpenAPI document keeps its word: schemathesis calls each operation, rightly and wrongly."""

import asyncio
import json
import os
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
LEAST = {"administrator": 4500, "editor": 400, "anonymous": 300}  # cases: 10,400 on both databases
PHASES = {
    "administrator": ("examples", "coverage", "fuzzing", "stateful"),
    # Who is kept out is refused before anything is read: the edges of each value tell no more.
    "editor": ("examples", "fuzzing", "stateful"),
    "anonymous": ("examples", "fuzzing", "stateful"),
}
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
    async with serving(fresh_app) as port:
        code, output, report = await run_schemathesis(port, role, tmp_path)

    cases = report["test_cases"]["generated"]
    record_property(f"contract: cases as {role} on {database_kind}", cases)
    assert code == 0, output
    done = {name for name, phase in report["phases"].items() if phase["status"] == "success"}
    assert done == set(PHASES[role])
    assert cases >= LEAST[role]
    if role == "administrator":
        assert report["warnings"]["missing_auth"] == []  # no operation let nobody in


async def fill(app: QuartApp) -> None:
    """Have one of each thing, whose id is small enough to be tried."""
    world = World(app)
    async with app.app_context():
        await empty_database()
    async with app.app_context(), db.begin() as session:
        await world.make_values(session, "owner", "own", [*MAKERS])


async def run_schemathesis(port: int, role: str, folder: Path) -> tuple[int, str, dict[str, Any]]:
    who = [] if role == "anonymous" else [f"--header=Authorization: {PASS.decode()}"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        *who,
        f"--phases={','.join(PHASES[role])}",
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
