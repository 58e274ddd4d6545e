"""hypercorn.toml: what `quart serve` and plain hypercorn read."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quartapp import create_app
from quartapp.configure import EXIT_CONFIG
from quartapp.serve import ACCEPTS, ServeConfig, load_config, warn_about_debug
from tests.outside import ask
from tests.processes import (
    IMPORTS,
    free_port,
    make_folder,
    running,
)
from tests.test_serve import is_ready

CONFIG = Path(__file__).parent.parent / "hypercorn.toml"


def test_the_file_says_what_serve_does_without_it() -> None:
    said = tomllib.loads(CONFIG.read_text())
    defaults = ServeConfig()
    ours = {name for name in vars(ServeConfig) if not name.startswith(("_", "create", "sockets"))}

    assert {name: getattr(defaults, name) for name in ours} == {name: said[name] for name in ours}
    assert (said["bind"], said["workers"]) == (defaults.bind, 0)


def test_the_file_has_known_settings_only() -> None:
    assert [
        name for name in tomllib.loads(CONFIG.read_text()) if not hasattr(ServeConfig, name)
    ] == []


def test_plain_hypercorn_takes_the_file_too() -> None:
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--config", str(CONFIG)]
    command += ["--bind", f"127.0.0.1:{port}", "tests.serve_app:create_app()"]
    address = ("127.0.0.1", port)
    with (
        make_folder() as folder,
        running(folder, command, lambda: is_ready(address), env=IMPORTS) as program,
    ):
        reply = ask(address, "/page")
        program.send(signal.SIGTERM)
        code = program.wait()

    assert (reply.status, reply.headers.get("server"), code) == (200, None, 0)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("bind = ")

    with pytest.raises(Exception, match=r"broken\.toml cannot be read: Invalid value"):
        load_config(path)


def test_addresses_on_the_command_line_win() -> None:
    config = load_config(CONFIG, ("127.0.0.1:1", "unix:x"))

    assert (config.bind, load_config(CONFIG).bind) == (
        ["127.0.0.1:1", "unix:x"],
        ["127.0.0.1:8000"],
    )


@pytest.mark.parametrize(("debug", "said"), [(True, 1), (False, 0)])
def test_serving_others_with_settings_of_development_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], debug: bool, said: int
) -> None:
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path, "DEBUG": debug})
    warn_about_debug(app)

    assert capsys.readouterr().err.count("to serve others: APP_SETTINGS=prod") == said


def test_plain_hypercorn_ends_with_the_code_of_wrong_settings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hypercorn", "--config", str(CONFIG), "quartapp:create_app()"]
    env = {**os.environ, **IMPORTS, "APP_SETTINGS": "prod"}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == EXIT_CONFIG, done.stderr
    assert done.stderr.startswith("The settings are wrong:")


@pytest.mark.parametrize(("loop", "count"), [("uvloop", ACCEPTS), ("asyncio", 1)])
def test_turn_of_the_loop_takes_many_newcomers(tmp_path: Path, loop: str, count: int) -> None:
    """A turn of uvloop takes one connection of each listener, one of asyncio takes all."""
    config = ServeConfig()
    config.bind = [f"unix:{tmp_path / 'socket'}"]
    config.worker_class = loop

    listeners = config.create_sockets().insecure_sockets
    names = [listener.getsockname() for listener in listeners]
    for listener in listeners:
        listener.close()

    assert names == [str(tmp_path / "socket")] * count
