"""Run a command with the system calls that a unit allows, as systemd has the kernel hold it.

`python -m tests.deploy.sandbox quartapp@.service COMMAND …`
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LIBRARY = "libseccomp.so.2"
KILL, FAIL, ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000


def find_calls(unit: str) -> set[str]:
    """Return what `SystemCallFilter=` leaves, line by line."""
    calls: set[str] = set()
    for names in find_values(unit, "SystemCallFilter"):
        found = {call for name in names.removeprefix("~").split() for call in expand(name)}
        calls = calls - found if names.startswith("~") else calls | found
    return calls


def find_values(unit: str, name: str) -> list[str]:
    lines = [line.partition("=") for line in unit.splitlines()]
    return [value for key, _, value in lines if key == name]


def expand(name: str) -> Iterator[str]:
    """Yield the calls of a set, which may hold others."""
    if not name.startswith("@"):
        yield name
        return
    command = ["systemd-analyze", "syscall-filter", name]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in said.splitlines()[1:]:
        if not line.lstrip().startswith("#"):
            yield from expand(line.strip())


def hold_to(calls: set[str], otherwise: int) -> None:
    """Let the kernel do *otherwise* at all other calls of this process, from now on."""
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(otherwise)))
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # else it is one of another machine
            library.seccomp_rule_add(rules, ctypes.c_uint32(ALLOW), number, 0)
    if library.seccomp_load(rules):
        sys.exit("The kernel takes no filter.")


def main() -> None:
    unit = Path(sys.argv[1]).read_text()
    fails = find_values(unit, "SystemCallErrorNumber") == ["EPERM"]
    hold_to(find_calls(unit), FAIL | 1 if fails else KILL)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
