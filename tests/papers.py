"""README and its kin, taken apart: what they claim is held by tests."""

import re
import shlex
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
from quart import Quart

from quartapp.cli import main

ROOT = Path(__file__).parent.parent
PROGRAMS = re.compile(r"(python3 manage\.py|quart|quartapp) +\S")
PARTS = re.compile(
    r"(?m)^#+ (?P<heading>.+)$|^```(?P<language>.*)\n(?P<block>(?s:.*?))^```$|`(?P<code>[^`\n]+)`"
)
# Known as programs also where they are not installed.
OTHERS = ["apt", "certbot", "docker", "hypercorn", "mariadb", "nginx", "supervisorctl", "systemctl"]
SETTING = re.compile(r"[A-Z_]+=")


class Table(NamedTuple):
    head: list[str]
    rows: list[list[str]]


@cache
def read_paper(name: str) -> str:
    return (ROOT / name).read_text()


def split_sections(text: str) -> dict[str, str]:
    """Return what stands under each heading of the second level."""
    parts = re.split(r"(?m)^## (.+)$", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def find_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def find_tables(text: str) -> list[Table]:
    found = []
    for block in re.findall(r"(?m)(?:^\|.*\|$\n?)+", text):
        head, _, *rows = [split_cells(line) for line in block.splitlines()]
        found.append(Table(head, rows))
    return found


def split_cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def find_code(text: str) -> list[str]:
    """Return what stands between backticks, outside of blocks."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    return re.findall(r"`([^`\n]+)`", prose)


def find_commands(text: str) -> list[str]:
    """Return the calls of our programs, in the prose and in blocks for the shell."""
    lines = [line for block in find_blocks(text, "sh") for line in block.splitlines()]
    return [line for line in [*lines, *find_code(text)] if PROGRAMS.match(line)]


def list_typed(paper: str) -> dict[str, list[str]]:
    """Return what an operator types, in order, under the heading that it stands under.

    What the prose has counts once, and not where a block has it.
    """
    text = read_paper(paper)
    seen = {line for block in find_blocks(text, "sh") for line in split_lines(block)}
    typed: dict[str, list[str]] = {}
    heading = ""
    for part in PARTS.finditer(text):
        heading, code = part["heading"] or heading, part["code"]
        if part["language"] == "sh":
            typed.setdefault(heading, []).extend(split_lines(part["block"]))
        elif code and code not in seen and is_typed(code):
            typed.setdefault(heading, []).append(code)
            seen.add(code)
    return typed


def split_lines(block: str) -> list[str]:
    """Return the commands of a block for the shell, each on one line."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and line[0] != "#"]


def is_typed(code: str) -> bool:
    """Tell whether code in the prose is a command, with its program and what that is to do."""
    program, *words = code.split()
    known = program in ("quart", "quartapp", *OTHERS) or shutil.which(program)
    return bool(words and known)


def check_command(line: str, app: Quart) -> None:
    """Fail unless *line* is a command of ours with arguments that it takes; nothing is run."""
    program, *words = shlex.split(line, comments=True)
    if program == "python3":
        words.remove("manage.py")
        if words[0] in ("test", "check", "bench", "chaos", "help"):
            return
    name = {"runserver": "run"}.get(words[0], words[0])
    find_command({**main.commands, **app.cli.commands}, name, words[1:])


def find_command(commands: Mapping[str, click.Command], name: str, arguments: list[str]) -> None:
    command = commands[name]
    if not isinstance(command, click.Group):
        command.make_context(name, arguments)
    elif arguments != ["…"]:
        find_command(command.commands, arguments[0], arguments[1:])
