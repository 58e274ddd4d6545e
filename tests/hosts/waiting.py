"""Wait for what other machines do."""

import time
from collections.abc import Callable

PATIENCE = 90.0  # s, for a machine of two cores that others keep busy


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:g} s"
        time.sleep(0.05)
