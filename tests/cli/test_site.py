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

URL = "https://example.org/"
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


def test_terminal_shows_a_bar(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(make_csv(300))
    command = [sys.executable, "-c", MAIN, "site", "import", str(tmp_path / "sites.csv")]
    there, here = pty.openpty()
    address = {"DATABASE_URL": "sqlite:///test.db", "TERM": "xterm"}
    program = subprocess.run(
        command, env={**settings, **address}, stderr=here, stdout=subprocess.PIPE, timeout=60
    )
    os.close(here)
    shown = os.read(there, 10_000).decode()
    os.close(there)

    assert program.stdout.endswith(b"300 sites were added.\n")
    for part in ("Importing", "100/300", "300/300", "#"):
        assert part in shown
