"""Replace the processes that serve, one by one, while the others go on."""

import shlex
import socket
import subprocess
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

import click

ASK_SECONDS = 3.0  # for /readyz to answer; it waits 2 s for the database itself
PAUSE = 0.1  # s between two looks
LEFT = "The others are left as they are."


@click.group("deploy")
def deploy_group() -> None:
    """Replace processes while others serve."""


@deploy_group.command("restart")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--command",
    default="systemctl restart quartapp@{name}",
    show_default=True,
    help="What replaces one process; supervisor: 'supervisorctl restart quartapp:{name}'.",
)
@click.option(
    "--sockets",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/run/quartapp"),
    show_default=True,
    help="The folder where each has its socket, NAME.sock.",
)
@click.option(
    "--timeout", default=60.0, show_default=True, help="Seconds for each to be ready again."
)
def restart(names: tuple[str, ...], command: str, sockets: Path, timeout: float) -> None:
    """Restart processes one by one, each when the one before it is ready.

    All that have a socket are restarted, or those that are named. The first that fails ends this
    with 1, and the others are left as they are, serving.
    """
    found = sorted(path.stem for path in sockets.glob("*.sock"))
    if not found:
        raise click.ClickException(f"{sockets} has no socket: is quartapp running? See --sockets.")
    if unknown := {*names} - {*found}:
        raise click.ClickException(f"{sockets} has no {min(unknown)}.sock, but: {', '.join(found)}")
    for name in names or found:
        require_other(sockets, name, found)
        start = monotonic()
        replace(sockets / f"{name}.sock", command.replace("{name}", shlex.quote(name)), timeout)
        click.echo(f"{name} is ready after {monotonic() - start:.1f} s")


def require_other(sockets: Path, name: str, names: list[str]) -> None:
    """Refuse to stop the last one that serves, unless there never was another."""
    others = [other for other in names if other != name]
    if others and not any(is_ready(sockets / f"{other}.sock") for other in others):
        is_not, them = ("is not", "it") if len(others) == 1 else ("are not", "them")
        raise click.ClickException(
            f"No other process than {name} is ready, so it is left alone: find out why"
            f" {', '.join(others)} {is_not}, or restart {them} by name first."
        )


def replace(path: Path, command: str, timeout: float) -> None:
    """Run *command*, and wait for a new socket that answers; ClickException when there is none."""
    before = find_birth(path)
    end = monotonic() + timeout
    run(command, timeout)
    while find_birth(path) == before or not is_ready(path):
        if monotonic() > end:
            raise click.ClickException(f"{path.stem} is not ready after {timeout:g} s. {LEFT}")
        sleep(PAUSE)


def run(command: str, timeout: float) -> None:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise click.ClickException(f"--command cannot be read: {error}") from error
    try:
        code = subprocess.run(words, timeout=timeout, check=False).returncode  # noqa: S603 - the operator's
    except subprocess.TimeoutExpired as error:
        message = f"{command} has not ended after {timeout:g} s. {LEFT}"
        raise click.ClickException(message) from error
    except OSError as error:
        raise click.ClickException(f"{error}. {LEFT}") from error
    if code:
        raise click.ClickException(f"{command} ended with {code}. {LEFT}")


def find_birth(path: Path) -> tuple[int, int]:
    """Return what tells the socket of a process from that of the next one; zeros: there is none."""
    with suppress(FileNotFoundError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns
    return 0, 0


def is_ready(path: Path) -> bool:
    connection = HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ASK_SECONDS)
        connection.sock = sock
        try:
            sock.connect(str(path))
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except PermissionError as error:
            raise click.ClickException(f"{path}: {error.strerror}. Try again as root.") from error
        except (OSError, HTTPException):
            return False
