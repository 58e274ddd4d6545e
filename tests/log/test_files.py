"""Log files: who may read them, how they rotate, and what happens when they cannot be written."""

import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quartapp import log
from tests.log.conftest import SETTINGS, Configure

WRITER = Path(__file__).with_name("writer.py")
# 1,200 lines fill some 15 files, and more than may be kept if somebody rotates too early.
SIZE = {"LOG_ROTATION": "size", "LOG_MAX_BYTES": 10_000, "LOG_BACKUPS": 20}
TIME = {"LOG_ROTATION": "time", "LOG_WHEN": "S", "LOG_BACKUPS": 20}

logger = logging.getLogger(__name__)


def run_python(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with every warning an error and shown."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(log.__file__).parents[2])},
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Every line of every file, the rotated ones too."""
    files = sorted(folder.glob("app.log*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("rotation", "pause", "rotations"), [(SIZE, 0.001, 10), (TIME, 0.008, 2)], ids=["size", "time"]
)
def test_four_processes_lose_no_line_in_a_rotation(
    tmp_path: Path, rotation: dict[str, Any], pause: float, rotations: int
) -> None:
    settings = SETTINGS | {"LOG_FILE": str(tmp_path / "app.log"), "LOG_FORMAT": "json"} | rotation
    arguments = [json.dumps(settings), "4", "300", str(pause)]
    done = run_python(WRITER, *arguments, capture_output=True)

    assert done.returncode == 0, done.stderr
    assert sorted(line["message"] for line in read_log(tmp_path)) == sorted(
        f"process {process} line {line}" for process in range(4) for line in range(300)
    )
    rotated = [path.stat().st_size for path in tmp_path.glob("app.log?*")]
    assert len(rotated) >= rotations
    assert min(rotated) >= rotation.get("LOG_MAX_BYTES", 0)
    assert "Warning" not in done.stderr
    assert len(done.stderr.splitlines()) == 1200


@pytest.mark.parametrize("rotation", [SIZE | {"LOG_MAX_BYTES": 200}, TIME], ids=["size", "time"])
def test_files_are_for_their_owner_alone(
    configure: Configure, tmp_path: Path, rotation: dict[str, Any]
) -> None:
    folder = tmp_path / "new" / "logs"
    before = os.umask(0)
    try:
        configure(LOG_FILE=str(folder / "app.log"), **rotation)
        assert stat.S_IMODE((folder / "app.log").stat().st_mode) == 0o600
        for number in range(10):
            logger.info("line %d", number)
    finally:
        os.umask(before)

    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {"app.log", ".__app.lock"} <= set(files)
    assert set(files.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_old_files_go(configure: Configure, tmp_path: Path) -> None:
    configure(LOG_FILE=str(tmp_path / "app.log"), LOG_MAX_BYTES=200, LOG_BACKUPS=2)
    for number in range(50):
        logger.info("line %d", number)

    names = sorted(path.name for path in tmp_path.glob("app.log*"))
    assert names == ["app.log", "app.log.1", "app.log.2"]


def test_file_and_console_say_the_same(
    configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(10):
        configure(LOG_FILE=tmp_path / "app.log")
    logger.info("token=%s Zoë\n", "Zq7canary")

    assert (tmp_path / "app.log").read_text("utf-8") == capsys.readouterr().err
    assert (tmp_path / "app.log").read_text("utf-8").endswith("token=*** Zoë\\n\n")


def test_a_folder_that_cannot_be_made_is_said_at_once(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "app.log"

    with pytest.raises(ValueError, match=rf"^LOG_FILE: {path} cannot be written \(.+\)\.$"):
        configure(LOG_FILE=str(path))


def test_a_folder_is_no_log_file(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be written \(Is a directory\)"):
        configure(LOG_FILE=str(tmp_path))


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full"])
def test_a_device_is_no_log_file(configure: Configure, path: str) -> None:
    mode = Path(path).stat().st_mode

    with pytest.raises(ValueError, match=rf"^LOG_FILE: {path} cannot be rotated\.$"):
        configure(LOG_FILE=path)
    assert Path(path).stat().st_mode == mode


def test_a_pipe_nobody_reads_does_not_block(configure: Configure, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ValueError, match="cannot be written"):
        configure(LOG_FILE=str(tmp_path / "pipe"))


def test_a_folder_we_may_not_write_to_is_said_at_once(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "app.log").touch()
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("root may write everywhere")
        with pytest.raises(ValueError, match="cannot be rotated"):
            configure(LOG_FILE=str(tmp_path / "app.log"))
    finally:
        tmp_path.chmod(0o700)


FULL_DISK = """
import json, logging, resource, sys
from quart import Quart
from quartapp import log

app = Quart("writer")
app.config.update(json.loads(sys.argv[1]))
log.init_app(app)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
for number in range(200):
    logging.getLogger("writer").info("during %d", number)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
logging.getLogger("writer").info("afterwards")
print("went on")
"""


@pytest.mark.parametrize("rotation", [SIZE, TIME], ids=["size", "time"])
def test_lines_are_dropped_while_the_file_cannot_grow(
    tmp_path: Path, rotation: dict[str, Any]
) -> None:
    settings = SETTINGS | {"LOG_FILE": str(tmp_path / "app.log")} | rotation
    done = run_python("-c", FULL_DISK, json.dumps(settings), capture_output=True)

    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
    assert done.stderr.count("lines are lost: OSError, File too large\n") == 1
    assert done.stderr.count("] during ") == 200
    text = "".join(path.read_text() for path in tmp_path.glob("app.log*"))
    assert text.count("] during ") < 200
    # It is in the newest file, whichever of them is read last.
    assert (tmp_path / "app.log").read_text().endswith("] afterwards\n")


def test_lines_are_dropped_while_the_console_is_full(tmp_path: Path) -> None:
    settings = SETTINGS | {"LOG_FILE": str(tmp_path / "app.log")}
    program = FULL_DISK.replace("2_000", "200_000")
    with Path("/dev/full").open("w") as full:
        done = run_python("-c", program, json.dumps(settings), stdout=subprocess.PIPE, stderr=full)

    assert done.stdout == "went on\n"
    assert (tmp_path / "app.log").read_text().count("\n") == 201
