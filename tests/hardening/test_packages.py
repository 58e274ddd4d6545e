"""What is installed: pinned by hashes, listed for scanners, and of no version known to be weak."""

import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

pytestmark = pytest.mark.tools

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
BIN = Path(sys.executable).parent
NOQA = re.compile(r"# noqa: ((?:[A-Z]+[0-9]+(?:, )?)+)")

ADVISORIES = [  # a package, the first version that is mended, and of what
    ("aiohttp", "3.14.3", "GHSA-cq5v-8q36-5273"),
    ("asyncmy", "0.2.12", "GHSA-qhqw-rrw9-25rm"),
    ("cryptography", "50.0.0", "PYSEC-2026-3552"),
    ("h11", "0.16.0", "GHSA-vqfr-h8mv-ghfj"),
    ("h2", "4.3.0", "GHSA-847f-9342-265h"),
    ("idna", "3.15", "GHSA-65pc-fj4g-8rjx"),
    ("jinja2", "3.1.6", "GHSA-cpwx-vrp4-4pq7"),
    ("mako", "1.3.12", "GHSA-2h4p-vjrc-8xpq"),
    ("quart", "0.20.0", "GHSA-q34m-jh98-gwm2"),
    ("quart-auth", "0.12.0", "keys in the wrong order, as GHSA-4grg-w6v8-c28g of Flask"),
    ("sentry-sdk", "2.8.0", "GHSA-g92j-qhmh-64v2"),
    ("werkzeug", "3.1.8", "GHSA-29vq-49wr-vm6x, GHSA-87hc-h4r5-73f7"),
]


def read_lock(path: Path) -> list[tuple[str, str, int]]:
    """Return name, version and number of hashes of each package."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", f"\n{path.read_text()}")
    found = [re.match(r"([A-Za-z0-9._-]+)==([^ ;\\\n]+)", block) for block in blocks]
    return [
        (hit[1].lower(), hit[2], block.count("--hash=sha256:"))
        for hit, block in zip(found, blocks, strict=True)
        if hit
    ]


def find_weak(packages: list[tuple[str, str]]) -> list[str]:
    return [
        f"{name} {version} < {mended}: {advisory}"
        for name, version in packages
        for known, mended, advisory in ADVISORIES
        if name == known and Version(version) < Version(mended)
    ]


def read_floors(text: str) -> list[tuple[str, str]]:
    """Return the lowest version of each package that an installation without the lock may have."""
    project = tomllib.loads(text)["project"]
    lines = chain(project["dependencies"], *project["optional-dependencies"].values())
    return [
        (needed.name.lower(), part.version)
        for needed in map(Requirement, lines)
        for part in needed.specifier
        if part.operator in (">=", "==")
    ]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_its_hashes(path: Path) -> None:
    packages = read_lock(path)
    lines = [line for line in path.read_text().splitlines() if re.match(r"[A-Za-z0-9-]", line)]

    assert len(packages) == len(lines) > 50
    assert [name for name, _, hashes in packages if not hashes] == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_lock_has_a_version_known_to_be_weak(path: Path) -> None:
    packages = [(name, version) for name, version, _ in read_lock(path)]

    assert find_weak(packages) == []


def test_each_advisory_is_of_a_package_that_is_locked() -> None:
    locked = {name for path in LOCKS for name, *_ in read_lock(path)}

    assert {name for name, *_ in ADVISORIES} <= locked


def test_no_installation_without_a_lock_is_known_to_be_weak() -> None:
    floors = read_floors((ROOT / "pyproject.toml").read_text())

    assert find_weak(floors) == []
    assert len(floors) > 30
    assert {"granian", "opentelemetry-sdk", "sentry-sdk"} <= {name for name, _ in floors}


def test_weak_floor_is_found_also_of_an_extra() -> None:
    text = """[project]
        dependencies = ["h2>=4.2,<5"]
        [project.optional-dependencies]
        fast = ["h11[more]>=0.14; python_version > '3'"]
        """

    assert [line.partition(":")[0] for line in find_weak(read_floors(text))] == [
        "h2 4.2 < 4.3.0",
        "h11 0.14 < 0.16.0",
    ]


def test_weak_version_is_found() -> None:
    assert find_weak([("h11", "0.14.0"), ("h2", "4.3.0")]) == [
        "h11 0.14.0 < 0.16.0: GHSA-vqfr-h8mv-ghfj"
    ]


def test_list_for_scanners_has_exactly_what_is_locked() -> None:
    command = [BIN / "cyclonedx-py", "requirements", ROOT / "requirements.lock"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = [
        (one["name"].lower(), one["version"]) for one in json.loads(done.stdout)["components"]
    ]

    locked = [(name, version) for name, version, _ in read_lock(ROOT / "requirements.lock")]
    assert sorted(listed) == sorted(locked)


# --- bandit


def find_unexplained(place: Path, ignored: dict[str, set[str]]) -> list[str]:
    """Return what bandit finds where ruff was not told why: its B608 is ruff's S608."""
    options = ["-q", "-c", ROOT / "pyproject.toml", "-f", "json", "-r", place]
    done = subprocess.run([BIN / "bandit", *options], capture_output=True, text=True)
    results = json.loads(done.stdout)["results"]
    return [
        f"{Path(one['filename']).name}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        for one in results
        if f"S{one['test_id'][1:]}" not in find_excused(one, ignored)
    ]


def find_excused(result: dict[str, object], ignored: dict[str, set[str]]) -> set[str]:
    path = Path(str(result["filename"]))
    lines = path.read_text().splitlines()
    numbers = result["line_range"]
    assert isinstance(numbers, list)
    said = NOQA.findall("\n".join(lines[number - 1] for number in numbers))
    return {code for one in said for code in one.split(", ")} | ignored.get(path.name, set())


def read_ignored() -> dict[str, set[str]]:
    """Return what whole files are excused of, as ruff is told."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    return {name: set(codes) for name, codes in settings["per-file-ignores"].items()}


@pytest.mark.parametrize("place", ["quartapp", "manage.py"])
def test_bandit_finds_nothing_that_is_not_explained(place: str) -> None:
    assert find_unexplained(ROOT / place, read_ignored()) == []


def test_bandit_finds_what_is_weak(tmp_path: Path) -> None:
    (tmp_path / "weak.py").write_text("import yaml\nyaml.load(a)\neval(b)  # noqa: S307\n")

    found = find_unexplained(tmp_path, {})
    assert [line.split()[:2] for line in found] == [["weak.py:2", "B506"]]
