"""Start here: python3 manage.py run

Makes .venv beside this file, installs the locked packages into it, and hands over to the command
that does the work. Nothing but Python is needed: no package, no setting, no activated environment.
"""

import argparse
import errno
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

if sys.platform != "win32":
    import fcntl

# An older Python gets no further than this, but has to parse the rest: no newer syntax here.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("manage.py: This needs Python 3.11 or newer. Try: python3.13 manage.py")

USAGE = """\
python3 manage.py run [--host H] [--port P]   serve on http://127.0.0.1:5000
python3 manage.py test [options of pytest]    run the tests, all of them on all cores
python3 manage.py check                       run all that must pass before a commit
python3 manage.py bench [--quick]             measure it beside other stacks
python3 manage.py chaos [--minutes M]         let its servers, links and processes fail, under load
python3 manage.py help                        show this

Any other word goes to the quart command: db upgrade, check run, routes, shell ...
The first call makes .venv and installs the locked packages into it."""

ROOT = Path(__file__).resolve().parent
VENV = ROOT / (".venv" + os.environ.pop("VENV_SUFFIX", ""))  # check gives one to a second Python
PROGRAM = str(VENV / ("Scripts/{}.exe" if os.name == "nt" else "bin/{}"))
PYTHON = PROGRAM.format("python")
LOG = VENV / "install.log"  # of what failed
STAMP = VENV / "installed.json"  # the digest of all that is installed soundly

VERSION = "{}.{}".format(*sys.version_info)

RUNTIME = ["requirements.lock", "pyproject.toml"]
DEVELOPMENT = ["requirements.lock", "requirements-dev.lock", "pyproject.toml"]
BENCHMARK = [*DEVELOPMENT[:2], "requirements-bench.lock", "pyproject.toml"]

MODULES = {"test": "pytest", "bench": "benchmarks", "chaos": "tests.chaos"}
# One process a core, each with servers of its own; who is done takes from the others.
PARALLEL = "-n auto --maxprocesses 4 --dist worksteal"

# What pip and venv say when they fail, and what to do about it. The first that fits counts.
REMEDIES = {
    r"ensurepip|No module named venv": "This Python lacks its venv module. "
    f"Debian and Ubuntu: apt install python{VERSION}-venv",
    r"No space left|Disk quota": "The disk is full. Make room and try again",
    r"DO NOT MATCH THE HASHES": "A package is not the one that the lock names. "
    "Find out why; if it is meant to be, make the locks anew (CONTRIBUTING.md)",
    # A retry that failed, or a locked package that no index knows at all.
    r"connection (broken|aborted)|HTTPS?Connection|==\S+ \(from versions: none\)": "The packages "
    "cannot be fetched. Check the network, and pip's settings of index and proxy",
    r"No matching distribution|conflicting dependencies": "The locks do not fit pyproject.toml "
    "or this Python. Make the locks anew (CONTRIBUTING.md)",
}


def main(arguments: list[str]) -> None:
    word, *rest = arguments or ["help"]
    os.chdir(ROOT)
    if word in ("help", "--help", "-h"):
        print(USAGE)
    elif word in ("run", "runserver"):
        run(rest)
    elif word in MODULES:
        prepare(BENCHMARK if word == "bench" else DEVELOPMENT)
        rest = rest or (PARALLEL.split() if word == "test" else [])
        hand_over("python", "-m", MODULES[word], *rest)
    elif word == "check" and not rest:
        prepare(DEVELOPMENT)
        hand_over("python", "-m", "tests.check")
    else:
        prepare(RUNTIME)
        hand_over("quart", word, *rest)


def run(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(add_help=False)  # -h is the host, as it was for Flask
    parser.add_argument("--host", "-h", default="127.0.0.1")
    parser.add_argument("--port", "-p", default=5000, type=int)
    options, others = parser.parse_known_args(arguments)
    if "--help" not in others:
        require_free_port(options.host, options.port)
    prepare(RUNTIME)
    hand_over("quartapp", "run", "--host", options.host, "--port", str(options.port), *others)


def require_free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            fail(f"Port {port} is taken. Try: python3 manage.py run --port {port + 1}")
        fail(f"Cannot listen on {host}, port {port} ({error}). Choose another --host or --port")


def hand_over(program: str, *arguments: str) -> NoReturn:
    """Become the program, so that signals and the exit code are its own."""
    command = [PROGRAM.format(program), *arguments]
    if not Path(command[0]).exists():
        fail(f"{command[0]} is missing. Delete {VENV.name} and try again")
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # a start would take twice as long
        os.environ["PYTHONPYCACHEPREFIX"] = str(VENV / "pycache")
    if os.name == "nt":
        sys.exit(call(command))
    os.execv(command[0], command)


def call(command: list[str]) -> int:
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C has reached it as well: let it clean up
            raise


def prepare(sources: list[str]) -> None:
    """Install what is not in .venv yet, or has changed since."""
    wanted = {source: digest(source) for source in sources}
    if wanted.items() <= read_stamp().items():
        return
    with one_at_a_time():
        installed = read_stamp() or make_venv()
        for source in sources:
            if installed.get(source) != wanted[source]:
                install(source)
                installed[source] = wanted[source]
                STAMP.write_text(json.dumps(installed))


def digest(source: str) -> str:
    if not (ROOT / source).exists():
        fail(f"{source} is missing. Get it back: git checkout {source}")
    return hashlib.sha256((ROOT / source).read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    """Tell what .venv holds: nothing if it is half made, broken, moved or of another Python."""
    code = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
        answer = subprocess.run([PYTHON, "-I", "-c", code], stderr=subprocess.DEVNULL)
    except (OSError, ValueError):
        return {}
    return stamp if stamp.get("venv") == str(VENV) and answer.returncode == 0 else {}


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait while another manage.py installs. SIGTERM counts as Ctrl-C, so that pip ends, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Path(__file__).open("r+") as lock:  # locking may need the right to write
        if sys.platform != "win32":
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another manage.py, which is installing")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def make_venv() -> dict[str, str]:
    say(f"Making {VENV.name} with Python {VERSION}")
    VENV.mkdir(exist_ok=True)
    follow([sys.executable, "-m", "venv", "--clear", str(VENV)])
    STAMP.write_text(json.dumps({"venv": str(VENV)}))
    return {"venv": str(VENV)}


def install(source: str) -> None:
    say(f"Installing {source}")
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    if source == "pyproject.toml":
        # Without an index pip can only confirm that the locks hold all that the project needs.
        follow([*pip, "--no-index", "--no-build-isolation", "--editable", "."])
    else:
        total = len(re.findall("^[^ #]+==", (ROOT / source).read_text(), re.MULTILINE))
        follow([*pip, "--no-deps", "--require-hashes", "--requirement", source], total)


def follow(command: list[str], total: int = 0) -> None:
    """Run venv or pip, show how far it is, and say what to do when it fails."""
    output, done = "", 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace"
    ) as process:
        try:
            for line in process.stdout or ():
                output += line
                total -= line.startswith("Ignoring ")  # is for another Python or system
                if total > 0 and re.match("Collecting|Processing|Requirement already", line):
                    done += 1
                    show_count(done, total)
                if line.startswith("Installing collected packages"):
                    STAMP.unlink(missing_ok=True)  # until the end .venv is not sound
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        LOG.write_text(output, errors="replace")
        fail(f"{explain(output)}. All that was said is in {VENV.name}/{LOG.name}")


def show_count(done: int, total: int) -> None:
    """Count in one place on a terminal, by tens elsewhere."""
    end = "\r" if sys.stderr.isatty() and done < total else "\n"
    if end == "\r" or done == total or done % 10 == 0:
        say(f"  {done} of {total} packages", end)


def explain(output: str) -> str:
    for pattern, remedy in REMEDIES.items():
        if re.search(pattern, output, re.IGNORECASE):
            return remedy
    errors = re.findall("^error: (?!exception)(.*?)[.: ]*$", output, re.IGNORECASE | re.MULTILINE)
    return (errors or output.splitlines() or ["Unknown failure"])[-1]


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    sys.exit(f"manage.py: {text}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        say("manage.py: Stopped. The next call goes on from here")
        sys.exit(130)
    except OSError as error:
        fail(f"{error}. Is this folder yours to write, and is there room?")
