"""What README and its kin claim is true."""

import json
import re
import secrets
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from quart import Quart
from quart.testing import QuartClient

from quartapp.app import TRIES
from quartapp.asgi.intake import PARKED_MESSAGES
from quartapp.cli.waiting import EXIT_TRY_AGAIN
from quartapp.config import Config, DevelopmentConfig, ProductionConfig
from quartapp.configure import EXIT_CONFIG, load_config
from quartapp.database import engine, turns
from quartapp.limits.rules import API, LOGIN_BY_ACCOUNT, LOGIN_IN_ALL, PAGES, SECOND_BY_DAY
from quartapp.models.channel import FLAP_TURNS, MAX_CHANNELS
from quartapp.models.json_answer import MAX_CONTAINERS
from quartapp.models.json_path import MAX_NODES, PATH_LENGTH
from quartapp.models.link import LIFE, Purpose
from quartapp.models.maintenance import MAX_WINDOWS
from quartapp.models.share import PER_HOST
from quartapp.models.user import User
from quartapp.monitoring.connection import MAX_HEAD
from quartapp.monitoring.fetch import MAX_BODY, MAX_HOPS
from quartapp.remote import PATIENCE, PAUSE
from quartapp.services.paging import MAX_SIZE
from quartapp.services.prune import DELIVERIES_KEPT
from quartapp.services.token import TOKEN_LIFE
from quartapp.telling.teller import SECONDS, SLOTS
from tests.api.helpers import Api, add_site
from tests.papers import (
    ROOT,
    check_command,
    find_blocks,
    find_code,
    find_commands,
    find_tables,
    read_paper,
    split_sections,
)
from tests.test_architecture import MAY_IMPORT, WITHOUT_QUART, WITHOUT_SQLALCHEMY

PAPERS = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
)
FILE = re.compile(r"(?!\d+/)\.?[\w-]+([./][\w-]+)*/?")  # no rate: 600/minute
ENDINGS = (".conf", ".ini", ".lock", ".md", ".py", ".toml", "/")
FOLDERS = ("/etc/", "/opt/", "/run/", "/usr/", "/var/")  # of a machine
MADE_LATER = {"instance/", "venv/"}
NUMBERS = {2: "two", 3: "three", 8: "Eight"}


@pytest.fixture
def settings() -> dict[str, Any]:
    """All that papers speak of is on."""
    return {"METRICS_TOKEN": "a password for figures, and long"}


# --- what is named is there ----------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPERS)
def test_files_that_are_named_exist(paper: str) -> None:
    named = {name for name in find_code(read_paper(paper)) if is_file_name(name)}

    assert [name for name in sorted(named - MADE_LATER) if not find_file(name)] == []


def is_file_name(text: str) -> bool:
    is_path = "/" in text or text.endswith(ENDINGS)
    return FILE.fullmatch(text) is not None and is_path and "certificate" not in text


def find_file(name: str) -> bool:
    """Tell whether *name* is there, from the root; a bare name may be anywhere in the package."""
    return (ROOT / name).exists() or ("/" not in name and any(ROOT.glob(f"quartapp/**/{name}")))


@pytest.mark.parametrize("paper", PAPERS)
def test_links_lead_somewhere(paper: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", read_paper(paper))
    own = [link for link in links if not link.startswith("https://")]

    assert [link for link in own if not (ROOT / paper).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("paper", PAPERS)
def test_names_are_in_the_files_that_are_said_to_have_them(paper: str) -> None:
    pairs = re.findall(r"`(\w+)(?:\(\))?`\s+in\s+`([\w./]+\.py)`", read_paper(paper))

    assert [(name, file) for name, file in pairs if not has_word(file, name)] == []


def has_word(file: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", (ROOT / file).read_text()) is not None


@pytest.mark.parametrize("paper", PAPERS)
async def test_commands_that_are_named_are_taken(paper: str, app: Quart) -> None:
    for line in find_commands(read_paper(paper)):
        check_command(line, app)


@pytest.mark.parametrize("paper", PAPERS)
async def test_addresses_that_are_named_are_served(paper: str, app: Quart) -> None:
    code = find_code(read_paper(paper))
    named = {text for text in code if re.fullmatch(r"(/[\w.{}]+)+", text)}
    named = {text for text in named if not text.startswith(FOLDERS)}
    rules = [
        re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()
    ]

    assert [name for name in named if not any(rule.startswith(name) for rule in rules)] == []


@pytest.mark.parametrize(
    ("paper", "words"),
    [
        ("docs/api.md", f"It holds for {TOKEN_LIFE.days} days."),
        ("docs/api.md", f"`per_page` is {MAX_SIZE} at most"),
        ("docs/api.md", f"Answer with 2xx within {SECONDS:.0f} seconds."),
        ("docs/api.md", f"their own channels alone, {MAX_CHANNELS} at most"),
        ("docs/operations.md", f"at most {MAX_WINDOWS} windows that are not over"),
        ("docs/api.md", f"(JSONPath), of {PATH_LENGTH} characters at most"),
        ("docs/api.md", f"more than {MAX_CONTAINERS:,} lists\nand objects"),
        ("docs/api.md", f"through more than {MAX_NODES:,} values"),
        ("docs/operations.md", f"exit code {EXIT_CONFIG}"),
        ("docs/operations.md", f"waits for it as well, {turns.WAIT} seconds"),
        ("docs/operations.md", f"After them it ends with {EXIT_TRY_AGAIN}"),
        ("docs/operations.md", f"it holds for a day{'s' * (LIFE[Purpose.SETUP].days - 1)}"),
        ("docs/api.md", f"{API.allows.amount} requests a minute"),
        ("docs/api.md", f"{LOGIN_BY_ACCOUNT.allows.amount} guesses in 5 minutes"),
        ("docs/api.md", f"and {SECOND_BY_DAY.allows.amount} a\nday for one account"),
        (
            "docs/operations.md",
            f"{PAGES.allows.amount} pages and {API.allows.amount} answers",
        ),
        ("docs/operations.md", f"{LOGIN_IN_ALL.allows.amount:,} times in all"),
        ("docs/operations.md", {1.0: "every second whether Redis is back"}[PAUSE]),
        ("docs/operations.md", f"under way at that moment {PATIENCE} s"),
        (
            "docs/operations.md",
            f"{MAX_HEAD // 1024} kB of headers and {MAX_BODY // 1024**2} MiB",
        ),
        ("docs/operations.md", f"{MAX_HOPS} redirects are followed"),
        ("docs/operations.md", f"{SLOTS} requests at once, at most {PER_HOST}"),
        ("docs/operations.md", f"for {SECONDS:.0f} seconds at most"),
        ("docs/operations.md", f"than {FLAP_TURNS} times within an hour"),
        ("docs/operations.md", f"is kept for {DELIVERIES_KEPT.days} days"),
        ("docs/migrations.md", f"not free within {turns.LOCK} seconds"),
        ("docs/migrations.md", f"Requests wait for {engine.LOCK * engine.TIMEOUT:.0f} seconds"),
        ("docs/architecture.md", f"{NUMBERS[TRIES]}\n  times at most"),
        ("docs/architecture.md", f"{NUMBERS[PARKED_MESSAGES]} messages may wait"),
    ],
)
def test_figures_are_those_of_the_code(paper: str, words: str) -> None:
    assert words in read_paper(paper)


def test_limits_of_nginx_are_those_of_its_files() -> None:
    nginx = read_paper("deploy/nginx.conf") + read_paper("deploy/nginx.d/http.conf")
    (rate,) = set(re.findall(r"rate=(\d+)r/s;", nginx))
    (burst,) = re.findall(r"limit_req zone=requests burst=(\d+) nodelay;", nginx)
    (connections,) = re.findall(r"limit_conn connections (\d+);", nginx)
    asked = f"{rate} times a second with bursts of {burst}"

    for paper, verb in (("docs/operations.md", "and hold"), ("docs/api.md", "or holds more than")):
        told = " ".join(read_paper(paper).split())
        assert asked in told
        assert f"{verb} {connections} connections, web sockets among them" in told


# --- tables --------------------------------------------------------------------------------------


def test_table_of_imports_is_the_one_that_a_test_holds() -> None:
    section = split_sections(read_paper("docs/architecture.md"))["Who may import whom"]
    (table,) = find_tables(section)

    libraries = {"quart": WITHOUT_QUART, "sqlalchemy": WITHOUT_SQLALCHEMY}
    assert table.rows == [
        [
            f"`{part}`",
            list_code(may),
            list_code({name for name, parts in libraries.items() if part in parts}),
        ]
        for part, may in sorted(MAY_IMPORT.items())
    ]


def list_code(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def test_table_of_settings_has_each_with_its_default() -> None:
    section = split_sections(read_paper("docs/operations.md"))["Settings"]
    shared, production, development = find_tables(section)

    assert [row[:2] for row in shared.rows] == [
        [f"`{name}`", show_default(field)] for name, field in Config.model_fields.items()
    ]
    assert [row[:2] for row in production.rows] == list_changes(ProductionConfig)
    assert [row[:2] for row in development.rows] == list_changes(DevelopmentConfig)


def list_changes(kind: type[Config]) -> list[list[str]]:
    return [
        [f"`{name}`", show_default(field)]
        for name, field in kind.model_fields.items()
        if show_default(field) != show_default(Config.model_fields[name])
    ]


def show_default(field: FieldInfo) -> str:
    value: Any = field.default
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if field.default_factory or value in (None, [], ""):
        return ""
    if isinstance(value, list):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_settings_of_the_example_start_in_production(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    section = split_sections(read_paper("docs/operations.md"))["Configure"]
    (block,) = find_blocks(section, "sh")
    given = dict(line.split("=", 1) for line in block.splitlines())
    (tmp_path / "secret_key").write_text(secrets.token_hex())
    given["SECRET_KEY_FILE"] = str(tmp_path / "secret_key")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = load_config()

    assert settings["SESSION_COOKIE_NAME"] == "__Host-session"
    assert settings["PUBLIC_URL"] == given["PUBLIC_URL"]


async def test_table_of_requests_is_the_whole_api(client: QuartClient) -> None:
    document = await (await client.get("/api/v1/openapi.json")).get_json()
    table = find_tables(split_sections(read_paper("docs/api.md"))["What there is"])[0]

    assert {row[0] for row in table.rows} == {
        f"`{method.upper()} {path}`"
        for path, methods in document["paths"].items()
        for method in methods
    }


async def test_problem_looks_as_shown(
    app: Quart, client: QuartClient, admin: User, bearer: dict[str, str]
) -> None:
    await add_site(app, admin, "Example")
    site = {"name": "Example", "url": "https://example.org/"}
    (shown,) = find_blocks(split_sections(read_paper("docs/api.md"))["Errors"], "json")

    _, problem = await Api(app, bearer)("POST", "/entities", json=site)

    assert problem == {**json.loads(shown), "request_id": problem["request_id"]}


# --- the locks -----------------------------------------------------------------------------------


def test_locks_are_made_by_the_commands_that_are_shown() -> None:
    shown = find_blocks(split_sections(read_paper("CONTRIBUTING.md"))["The locks"], "sh")[0]

    locks = [ROOT / f"requirements{kind}.lock" for kind in ("", "-dev", "-bench")]
    heads = [lock.read_text().split("\n", 2)[1] for lock in locks]
    assert shown.splitlines() == [head.removeprefix("#").strip() for head in heads]


def test_groups_that_the_locks_are_made_of_exist() -> None:
    named = re.findall(r"--group (\w+)", read_paper("CONTRIBUTING.md"))

    assert set(named) <= tomllib.loads(read_paper("pyproject.toml"))["dependency-groups"].keys()
