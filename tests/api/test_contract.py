"""The OpenAPI document keeps its word: schemathesis calls each operation, rightly and wrongly."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Role, Scope
from tests.helpers import add_person, make_bearer
from tests.wire import serving

# More by QUARTAPP_EXAMPLES=500; the seed is fixed, so that a failure is the change's own.
EXAMPLES = os.environ.get("QUARTAPP_EXAMPLES", "15")
SEED = os.environ.get("QUARTAPP_SEED", "1")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
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
async def test_no_failure_and_no_undocumented_status(fresh_app: QuartApp, tmp_path: Path) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        admin = await add_person(session, "admin", role=Role.ADMIN)
        headers = await make_bearer(session, admin, Scope.ADMIN)
    async with serving(fresh_app) as port:
        code, report = await run_schemathesis(port, headers["Authorization"], tmp_path)
    assert code == 0, report


async def run_schemathesis(port: int, authorization: str, folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"http://127.0.0.1:{port}/api/v1/openapi.json",
        f"--header=Authorization: {authorization}",
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={EXAMPLES}",
        f"--seed={SEED}",
        "--generation-database=none",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
