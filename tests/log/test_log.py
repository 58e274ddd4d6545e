"""Who logs where, how often, and under which request."""

import asyncio
import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from flask.logging import default_handler as flask_handler
from hypercorn.config import Config as HypercornConfig
from quart.logging import default_handler as quart_handler

from quartapp import log
from tests.log.conftest import SETTINGS, Configure

NAMES = ["example", "example.web", "quart.app", "quartapp.services", "hypercorn.error", "asyncio"]


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_each_logger_says_a_line_once_and_alike(
    configure: Configure, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for _ in range(10):
        configure()
    logging.getLogger(name).warning("line")

    (line,) = read_lines(capsys)
    assert re.fullmatch(rf"\S+Z WARNING  {name} \[-\] line", line)


def test_the_apps_own_logger_says_a_line_once(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure().logger.warning("line")

    assert len(read_lines(capsys)) == 1


@pytest.mark.parametrize("handler", [flask_handler, quart_handler])
def test_the_handler_of_the_framework_is_dropped(
    configure: Configure, capsys: pytest.CaptureFixture[str], handler: logging.Handler
) -> None:
    logging.getLogger("example").addHandler(handler)
    configure().logger.warning("line")

    assert len(read_lines(capsys)) == 1


def test_the_level_holds_in_debug_mode(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    app = configure(LOG_LEVEL="WARNING", DEBUG=True)
    app.logger.info("quiet")
    logging.getLogger("example.web").info("quiet")
    app.logger.warning("loud")

    assert [line.split("] ")[1] for line in read_lines(capsys)] == ["loud"]


def test_loggers_made_before_the_app_go_on(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    early = logging.getLogger("made.before")
    configure()
    early.warning("line")

    assert len(read_lines(capsys)) == 1


@pytest.mark.parametrize("target", ["-", logging.getLogger("hypercorn.error")])
async def test_hypercorn_says_a_line_once(
    configure: Configure, capsys: pytest.CaptureFixture[str], target: Any
) -> None:
    configure()
    config = HypercornConfig()
    config.errorlog = target
    await config.log.info("Running")
    await config.log.info("Stopping")

    lines = read_lines(capsys)
    assert [line.split(" ", 1)[1] for line in lines] == [
        "INFO     hypercorn.error [-] Running",
        "INFO     hypercorn.error [-] Stopping",
    ]


async def test_hypercorn_keeps_a_file_that_was_asked_for(
    configure: Configure, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    configure()
    config = HypercornConfig()
    config.errorlog = str(tmp_path / "hypercorn.log")
    await config.log.info("Running")

    assert len(read_lines(capsys)) == 1
    assert (tmp_path / "hypercorn.log").read_text().count("Running") == 1


async def test_an_access_line_of_hypercorn_is_formatted_and_masked(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    app = configure()
    config = HypercornConfig()
    config.accesslog = app.logger
    config.access_log_format = "%(h)s %(r)s %(s)s %({referer}i)s %({cookie}i)s"
    headers = [(b"cookie", b"Zq7canary")]
    scope = {"type": "http", "method": "GET", "path": "/a\nb", "scheme": "http", "headers": headers}
    scope |= {"query_string": b"", "client": ("127.0.0.1", 7), "http_version": "1.1"}
    await config.log.access(scope, {"status": 200, "headers": []}, 0.1)  # type: ignore[arg-type]

    (line,) = read_lines(capsys)
    assert line.endswith(r"127.0.0.1:7 GET /a\nb 1.1 200 - ***")


async def test_the_request_id_is_on_every_line_of_its_request(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure()

    async def handle(name: str) -> None:
        log.request_id.set(name)
        await asyncio.sleep(0)
        logging.getLogger("quartapp.web").info("ours")
        await asyncio.to_thread(logging.getLogger("library").warning, "theirs")

    await asyncio.gather(handle("one"), handle("two"))
    logging.getLogger("quartapp.web").info("outside")

    words = [line.split(" ", 2)[2].split() for line in read_lines(capsys)]
    assert sorted((" ".join(w[-2:])) for w in words) == [
        "[-] outside",
        "[one] ours",
        "[one] theirs",
        "[two] ours",
        "[two] theirs",
    ]


def test_a_request_id_cannot_forge_a_line(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure()
    context = copy_context()
    context.run(log.request_id.set, "a\nb\x1b")
    context.run(logging.getLogger().warning, "line")

    (line,) = read_lines(capsys)
    assert r"[a\nb\x1b] line" in line


async def test_the_database_driver_prints_no_values(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LOG_LEVEL="DEBUG")
    async with aiosqlite.connect(":memory:") as connection:
        await connection.execute("select ?", ["Zq7canary"])
    logging.getLogger("example").debug("on")

    assert len(read_lines(capsys)) == 1


def test_a_setting_that_cannot_work_is_a_value_error(configure: Configure) -> None:
    with pytest.raises(ValueError, match="Unable to configure"):
        configure(LOG_LEVEL="LOUD")


PROGRAM = f"""
from quart import Quart
from quartapp import log

app = Quart("example")
app.config.update({SETTINGS | {"LOG_FORMAT": "json"}!r})
log.init_app(app)
"""


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[str]]:
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "hypercorn", "-b", "127.0.0.1:0", "program:app"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(Path(log.__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_real_server_says_each_line_once_in_json(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.stdout
        first = server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        others, _ = server.communicate(timeout=10)

    lines = [json.loads(line) for line in [first, *others.splitlines()]]
    assert ["Running" in line["message"] for line in lines].count(True) == 1
    assert {line["logger"] for line in lines} == {"hypercorn.error"}
