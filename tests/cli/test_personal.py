"""`quartapp user export`: to the standard output, or into a new file."""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.helpers import PASSWORD

pytestmark = pytest.mark.usefixtures("_people")


def test_document_goes_to_the_standard_output(invoke: Invoke) -> None:
    invoke("token", "create", "ann", "backup script", "--scope", "read")
    found = invoke("user", "export", "ann")
    document = json.loads(found.output)

    assert (found.exit_code, document["format"]) == (0, "quartapp person 1")
    assert [row["name"] for row in document["account"]] == ["ann"]
    tokens = [(row["name"], row["scope"]) for row in document["tokens"]]
    assert tokens == [("backup script", "read")]
    actions = [row["action"] for row in document["audit_borne"]]
    assert actions == ["user-created", "token-made"]
    assert "root" not in found.output
    assert PASSWORD not in found.output
    assert "argon2" not in found.output


def test_file_is_new_and_for_its_owner_alone(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "ann.json"
    first, second = (invoke("user", "export", "ann", "--output", str(file)) for _ in range(2))

    assert (first.exit_code, first.output) == (0, "")
    assert json.loads(file.read_text())["account"][0]["name"] == "ann"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = f"Error: {file} is there already; choose another name.\n"
    assert (second.exit_code, second.output) == (1, said)


def test_person_or_folder_that_is_not_there_is_one_line(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "none" / "ann.json"
    found = invoke("user", "export", "ann", "--output", str(file))
    said = f"Error: {file} cannot be written: No such file or directory.\n"
    assert (found.exit_code, found.output) == (1, said)

    found = invoke("user", "export", "bob", "--output", str(tmp_path / "bob.json"))
    assert (found.exit_code, found.output) == (1, "Error: There is no user 'bob'.\n")
    assert not (tmp_path / "bob.json").exists()
