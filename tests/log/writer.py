"""Write to one log from several processes at once.

Arguments: the settings as JSON, the processes, the lines of each, the pause after each line.
"""

import json
import logging
import multiprocessing
import sys
import time
from multiprocessing.synchronize import Barrier
from typing import Any

from quart import Quart

from quartapp import log


def write(settings: dict[str, Any], number: int, lines: int, pause: float, start: Barrier) -> None:
    app = Quart("writer")
    app.config.update(settings)
    log.init_app(app)
    start.wait()
    for line in range(lines):
        logging.getLogger("writer").info("process %d line %d", number, line)
        time.sleep(pause)


def main(settings: str, processes: str, lines: str, pause: str) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(int(processes))
    given = (int(lines), float(pause), start)
    children = [
        context.Process(target=write, args=(json.loads(settings), number, *given))
        for number in range(int(processes))
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    sys.exit(max(abs(child.exitcode or 0) for child in children))


if __name__ == "__main__":
    main(*sys.argv[1:])
