"""What README and its kin tell people to paste works."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.papers import ROOT, find_blocks, read_paper
from tests.processes import Program, free_port, make_folder, running


@pytest.fixture
def first_start() -> Iterator[Program]:
    """A server that has just been started for the first time."""
    with make_folder() as folder:
        command = [sys.executable, "-c", "from quartapp.cli import main; main()", "run"]
        log = folder / "server.log"
        env = {"PYTHONPATH": str(ROOT), "INSTANCE_PATH": str(folder)}
        with running(
            folder,
            [*command, "--port", str(free_port()), "--no-reload"],
            lambda: log.exists() and "token=" in log.read_text(),
            env=env,
        ) as program:
            yield program


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_commands_with_curl_work_as_pasted(first_start: Program, shell: str) -> None:
    first, *others = paste(first_start, shell)

    comment = json.loads(first)
    assert (comment["body"], comment["author"]["name"]) == ("Moved to a new host.", "admin")
    token, changed, listed, said, kept, exported = others
    assert token == ""
    assert (json.loads(changed)["name"], json.loads(changed)["content"]) == ("Example", "A sample.")
    assert json.loads(listed)["items"] == [json.loads(changed)]
    assert json.loads(said)["body"] == "Said once."
    assert json.loads(kept)["content"] == "Seen, then changed."
    assert re.fullmatch(r"\n?id,entity\.id,entity\.name,[\w.,]+\r?\n", exported)


def paste(program: Program, shell: str) -> list[str]:
    """Return what the blocks of README and docs/api.md print, with the link filled in."""
    (link,) = re.findall(r"http\S+token=\S+", program.output())
    (start,) = [text for text in find_blocks(read_paper("README.md"), "sh") if "curl" in text]
    placeholder, rest = start.split("\n", 1)
    assert placeholder == "SETUP='http://127.0.0.1:5000/auth/setup?token=…'"
    blocks = [f"SETUP='{link}'\n{rest}", *find_blocks(read_paper("docs/api.md"), "sh")]
    script = "\nprintf '\\036'\n".join(blocks)
    done = subprocess.run([shell, "-eu"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split("\036")
