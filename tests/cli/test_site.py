"""`quartapp site import` and `export`: files of sites, and how far they are."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from quartapp.extensions import db
from quartapp.models import Entity
from tests.cli.conftest import MAIN, Ask, Invoke
from tests.processes import read_terminal

URL = "https://example.org/"
EXAMPLES = Path(__file__).parents[1] / "services" / "examples"
pytestmark = pytest.mark.usefixtures("_people")


def make_csv(count: int) -> str:
    lines = [f"Site {number},{URL}{number}" for number in range(count)]
    return "\n".join(["name,url", *lines])


async def list_sites() -> list[tuple[Any, ...]]:
    async with db.read() as session:
        query = select(Entity).options(joinedload(Entity.owner)).order_by(Entity.id)
        return [
            (one.name, one.url, one.content, one.is_public, one.owner and one.owner.name)
            for one in await session.scalars(query)
        ]


def test_sites_come_from_a_file_with_a_line_for_each_batch(
    invoke: Invoke, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "sites.csv").write_text(make_csv(250))
    found = invoke("site", "import", str(tmp_path / "sites.csv"), "--owner", "ann")

    assert (found.exit_code, found.stdout) == (0, "250 sites were added.\n")
    assert found.stderr.splitlines() == [
        "Importing: 100 of 250",
        "Importing: 200 of 250",
        "Importing: 250 of 250",
    ]
    sites = ask(list_sites())
    assert len(sites) == 250
    assert sites[7] == ("Site 7", f"{URL}7", "", False, "ann")


def test_each_fault_is_a_line_and_nothing_is_written(invoke: Invoke, ask: Ask) -> None:
    invoke("site", "import", "-", input=make_csv(1))
    text = f"name,url\nNew,{URL}\nSite 0,{URL}\n,{URL}\n"
    found = invoke("site", "import", "-", input=text)

    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.splitlines() == [
        "Line 3, name: The name 'Site 0' is taken.",
        "Line 4, name: This is needed.",
        "Error: 2 values are wrong.",
    ]
    assert ask(list_sites()) == [("Site 0", f"{URL}0", "", False, None)]


def test_one_fault_is_one_line(invoke: Invoke) -> None:
    found = invoke("site", "import", "-", input="name,url\nA,b\n")
    line = "Line 2, url: An address starts with http:// or https://, and a host follows."
    assert (found.exit_code, found.stderr) == (1, f"Error: {line}\n")


def test_file_that_is_not_there_is_one_line(invoke: Invoke) -> None:
    found = invoke("site", "import", "gone.csv")
    said = "Error: gone.csv cannot be read: No such file or directory.\n"
    assert (found.exit_code, found.stderr) == (1, said)


@pytest.mark.parametrize(
    ("owner", "said"),
    [("bob", "There is no user 'bob'."), ("eve", "Viewers may read only")],
)
def test_owner_has_to_be_somebody_who_may_add_sites(invoke: Invoke, owner: str, said: str) -> None:
    options = ["--password-stdin"]
    invoke("user", "create", "eve", *options, input="correct horse battery\n")
    found = invoke("site", "import", "-", "--owner", owner, input=make_csv(1))
    assert found.exit_code == 1
    assert said in found.stderr


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_what_is_exported_can_be_imported(invoke: Invoke, ask: Ask, kind: str) -> None:
    text = f"""name,url,content,is_public
'=Sum,{URL},"'''quoted'', and
two lines",true
''=Sum,{URL},,
"""
    assert invoke("site", "import", "-", input=text).exit_code == 0
    sites = ask(list_sites())
    assert [site[0] for site in sites] == ["=Sum", "'=Sum"]
    found = invoke("site", "export", "--format", kind)
    assert (found.exit_code, found.stderr) == (0, "Exporting: 2 of 2\n")

    again = invoke("site", "import", "-", "--skip-existing", input=found.stdout)
    assert again.stdout == "0 sites were added. 2 were there already.\n"
    ask(remove_all())
    assert invoke("site", "import", "-", input=found.stdout).exit_code == 0
    assert ask(list_sites()) == sites


async def remove_all() -> None:
    async with db.begin() as session:
        for one in await session.scalars(select(Entity)):
            await session.delete(one)


@pytest.mark.parametrize(
    ("source", "name", "count"), [("kuma", "kuma.json", 5), ("gatus", "gatus.yaml", 4)]
)
def test_file_of_another_program_is_read_and_told(
    invoke: Invoke, ask: Ask, source: str, name: str, count: int
) -> None:
    path = ["site", "import", str(EXAMPLES / name), "--from", source]
    refused = invoke(*path)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.splitlines()[-1].endswith(" values are wrong.")

    planned = invoke(*path, "--skip-faulty", "--dry-run")
    would = f"Would add {count} sites; 0 are there already.\n"
    assert (planned.exit_code, planned.stdout) == (0, would)
    assert "Passed over: Line " in planned.stderr
    assert ": left out: " in planned.stderr
    assert ask(list_sites()) == []

    done = invoke(*path, "--skip-faulty", "--owner", "ann")
    assert (done.exit_code, done.stdout) == (0, f"{count} sites were added.\n")
    assert done.stderr == f"{planned.stderr}Importing: {count} of {count}\n"
    assert {site[4] for site in ask(list_sites())} == {"ann"}

    again = invoke(*path, "--skip-faulty", "--skip-existing")
    assert again.stdout == f"0 sites were added. {count} were there already.\n"
    assert "secret-value" not in refused.output + planned.output + done.output


def test_faulty_lines_are_passed_over_and_told(invoke: Invoke, ask: Ask) -> None:
    text = f"name,url\nA,{URL}\nB,b\nA,{URL}\n"
    found = invoke("site", "import", "-", "--skip-faulty", input=text)

    assert (found.exit_code, found.stdout) == (0, "1 site was added.\n")
    assert found.stderr.splitlines() == [
        "Passed over: Line 3, url: An address starts with http:// or https://, and a host follows.",
        "Passed over: Line 4, name: It stands in line 2, too.",
        "Importing: 1 of 1",
    ]
    assert [site[0] for site in ask(list_sites())] == ["A"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x" * (16 * 1024 * 1024 + 1), "has more than 16 MiB."),
        ("endpoints: ☃".encode("utf-16"), "The file is not text in UTF-8."),
        (b"endpoints: a: b", "Line 1: This is not YAML."),
    ],
)
def test_file_of_another_program_that_cannot_be_read_is_one_line(
    invoke: Invoke, tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "gatus.yaml").write_bytes(data)
    found = invoke("site", "import", str(tmp_path / "gatus.yaml"), "--from", "gatus")
    assert (found.exit_code, found.stdout) == (1, "")
    assert (found.stderr.endswith(f"{said}\n"), found.stderr.count("\n")) == (True, 1)


def test_terminal_shows_a_bar(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(make_csv(300))
    command = [sys.executable, "-c", MAIN, "site", "import", str(tmp_path / "sites.csv")]
    there, here = pty.openpty()
    address = {"DATABASE_URL": "sqlite:///test.db", "TERM": "xterm"}
    program = subprocess.run(
        command, env={**settings, **address}, stderr=here, stdout=subprocess.PIPE, timeout=60
    )
    os.close(here)
    shown = read_terminal(there)
    os.close(there)

    assert program.stdout.endswith(b"300 sites were added.\n")
    for part in ("Importing", "100/300", "300/300", "#"):
        assert part in shown
