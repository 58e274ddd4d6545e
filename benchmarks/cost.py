"""CPU time and memory of a program and all that it has started, as Linux counts them."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MB = 1024**2


def list_tree(pid: int) -> Iterator[int]:
    """Yield a process and those below it."""
    yield pid
    with suppress(OSError):  # it has ended meanwhile
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from list_tree(int(child))


def read_cpu(pid: int) -> float:
    """Return the seconds that a tree has worked, with those of its members that have ended."""
    return sum(map(read_own_cpu, list_tree(pid)))


def read_own_cpu(pid: int) -> float:
    """Return the seconds of a process: exact where it has one thread, else to a tick."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if fields[17] != "1":  # threads
            return sum(map(int, fields[11:15])) / TICKS
        nanoseconds = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        return nanoseconds / 1e9 + sum(map(int, fields[13:15])) / TICKS
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends while it is read
        return 0.0  # its parent has it now


def read_memory(pid: int) -> float:
    """Return the resident MB of the largest process of a tree."""
    return max(map(read_own_memory, list_tree(pid)))


def read_own_memory(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / MB


def wait_until_idle(pid: int, patience: float = 10.0) -> None:
    """Wait until a tree has done what was left: nobody is charged for the run before."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        before = read_cpu(pid)
        time.sleep(0.1)
        if read_cpu(pid) - before < 0.01:
            return
