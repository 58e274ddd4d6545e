"""A few faults under load: no promise of docs/operations.md is broken.

`python3 manage.py chaos --minutes 30` draws from all of them for longer, and holds the times, too.
"""

from collections.abc import Callable

import pytest

from tests.chaos.__main__ import run

pytestmark = pytest.mark.chaos
SEED, SECONDS, PACE = 11, 25.0, (0.5, 1.5)
PATIENT = {"DATABASE_TIMEOUT": "10"}  # a busy machine is no frozen server


async def test_no_promise_is_broken_while_things_fail(
    record_property: Callable[[str, object], None],
) -> None:
    verdict = await run(SEED, SECONDS, PACE, **PATIENT)

    record_property("chaos: faults under load", verdict.figures["faults"])
    record_property("chaos: answers judged", sum(verdict.figures["answers"].values()))
    # Other tests keep this machine busy, so that anything may take long.
    assert {**verdict.broken, "an answer comes in time": []} == {"an answer comes in time": []}
