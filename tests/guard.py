"""Run one program until whoever started us closes our input or dies; then clear its folder.

Started by `tests/servers.py` for every server, so that a killed test run leaves nothing behind.
Arguments: the folder, the user to become (or ""), the name of the signal that stops, the command.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PATIENCE = 5  # seconds between the polite signal and SIGKILL


def stop_at_end_of_input(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    sys.stdin.buffer.read()
    child.send_signal(number)
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def main(folder: str, user: str, signal_name: str, *command: str) -> None:
    who: dict[str, Any] = {}
    if user:
        who = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr, **who
    )
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    watcher = threading.Thread(
        target=stop_at_end_of_input, args=(child, signal.Signals[signal_name])
    )
    watcher.start()
    Path(folder, "exit").write_text(f"{child.wait()}\n")
    watcher.join()  # a server that died by itself keeps its log until it has been read
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)  # us, and whatever the program left behind


if __name__ == "__main__":
    main(*sys.argv[1:])
