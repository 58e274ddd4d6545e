"""What docs/security.md says is what the code does: its figures, its lists, its tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from quartapp.asgi.sanity import MAX_DEPTH, MAX_INTEGER, MAX_NODES, MIN_INTEGER
from quartapp.auth import tickets
from quartapp.cli.site import MAX_FOREIGN
from quartapp.config import Config
from quartapp.limits import rules
from quartapp.models import Action, Base, Purpose, Role, Scope
from quartapp.models.channel import MAX_CHANNELS
from quartapp.models.check import ADMIN_INTERVAL, MAX_INTERVAL, MIN_INTERVAL
from quartapp.models.comment import COMMENT_LENGTH
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.group import MAX_GROUPS
from quartapp.models.incident import MAX_NOTES
from quartapp.models.link import LIFE as LINK_LIFE
from quartapp.models.maintenance import MAX_WINDOWS
from quartapp.models.session import FRESH, IDLE, LIFE, REMEMBERED_LIFE
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH
from quartapp.monitoring.fetch import MAX_BODY, MAX_HOPS
from quartapp.refusals import TOLD
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD, MIN_SECOND_PASSWORD, hasher
from quartapp.services.paging import MAX_SIZE
from quartapp.services.password import EVERYBODYS_WORDS, MIN_REST, read_common
from quartapp.services.site_file import ENDINGS, MAX_ROWS
from quartapp.services.token import TOKEN_LIFE
from quartapp.web.entity.importing import MAX_IMPORT
from tests.papers import ROOT, find_code, find_tables, read_paper, split_sections
from tests.security.expectations import ROUTES, find_expectation
from tests.security.policies import METHODS

pytestmark = pytest.mark.asvs

MIB = 1024 * 1024
PAPER = "docs/security.md"
CRYPTO = {
    *("argon2", "cryptography", "hashlib", "hmac", "itsdangerous", "pyotp", "quart_auth"),
    *("random", "secrets", "ssl", "uuid", "webauthn", "zlib"),
}
# What "Ways in" says of who gave the password long ago: these ask again, of `admin` every change.
ASKING = {"account", "admin", "passkey", "second_factor"}
ASKING_OF_PROGRAMS = {"api_v1.invitation", "api_v1.session", "api_v1.token", "api_v1.user"}
WAY = re.compile(r'how="([^"]+)"')


def read_section(name: str) -> str:
    return split_sections(read_paper(PAPER))[name]


def read_rows(name: str, number: int = 0) -> list[list[str]]:
    return find_tables(read_section(name))[number].rows


def find_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def list_sources() -> Iterator[Path]:
    yield from sorted((ROOT / "quartapp").rglob("*.py"))


def list_crypto_modules() -> set[str]:
    paths = {path for path in list_sources() if CRYPTO & {*find_packages(path)}}
    return {str(path.relative_to(ROOT)) for path in paths}


# --- lists ---------------------------------------------------------------------------------------


def test_ways_in_are_those_of_the_code() -> None:
    text = "".join(path.read_text() for path in list_sources())
    told = {row[1].strip("`") for row in read_rows("Ways in") if row[1]}

    assert told == set(WAY.findall(text))


def asks_again(endpoint: str, method: str) -> bool:
    """Tell whether time alone takes a change from an administrator, of their own or of others."""
    return any(
        find_expectation(endpoint, method, "admin-stale", thing)
        != find_expectation(endpoint, method, "admin", thing)
        for thing in ("-", "own", "foreign", "public")
    )


def test_what_asks_for_the_password_again_is_told() -> None:
    changes = [
        (name, one) for name in ROUTES for one in METHODS[1:] if one in ROUTES[name].policies
    ]
    asking = {endpoint for endpoint, method in changes if asks_again(endpoint, method)}

    assert {name.rpartition(".")[0] for name in asking} == ASKING | ASKING_OF_PROGRAMS
    assert {name for name, _ in changes if name.startswith("admin.")} <= asking
    assert "`/admin/`" in read_section("Ways in")


def test_audit_log_has_the_actions_that_are_told() -> None:
    told = re.search(r"has these actions: (.*?)\.\n", read_section("Logs"), re.DOTALL)

    assert told
    assert set(find_code(told[1])) == {str(action) for action in Action}


def test_log_tells_of_the_refusals_that_are_told() -> None:
    told = re.search(r"with these statuses: ([\d, ]+), and 401", read_section("Logs"))

    assert told
    assert {int(status) for status in told[1].split(", ")} == TOLD


def test_limits_are_those_of_the_code() -> None:
    known = {
        name: f"{rule.allows.amount} per {rule.allows.multiples} {rule.allows.GRANULARITY.name}"
        for name, rule in vars(rules).items()
        if isinstance(rule, rules.Rule) and name != "ELSEWHERE"
    }

    assert {row[0].strip("`"): row[1] for row in read_rows("Guessing")} == known


def test_every_module_with_cryptography_is_in_the_inventory() -> None:
    section = read_section("Cryptography")
    told = {name for name in find_code(section) if name.startswith("quartapp/")}

    assert told == list_crypto_modules()


def test_every_table_has_its_class() -> None:
    told = [name for row in read_rows("Data") for name in find_code(row[1])]

    assert sorted(told) == sorted(Base.metadata.tables)


def test_every_secret_setting_is_told() -> None:
    told = set(find_code(read_section("Secrets").partition("come\nfrom")[0]))
    secret = {name for name, field in Config.model_fields.items() if holds_secret(field.annotation)}

    assert told == secret


def holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def test_words_that_make_no_password_are_told() -> None:
    told = re.search(r"besides: (`\w+`), the user name, both", read_section("Passwords"))

    assert told
    assert find_code(told[1]) == [*EVERYBODYS_WORDS]


def test_roles_and_scopes_are_told() -> None:
    section = read_section("Rights")

    assert all(f"`{scope}`" in section for scope in Scope)
    assert all(str(role)[1:] in section for role in Role)


# --- figures -------------------------------------------------------------------------------------


def days(delta: object) -> int:
    return int(getattr(delta, "days", 0))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Ways in", f"more than {FRESH.seconds // 60} minutes ago"),
        ("Passwords", f"{MIN_PASSWORD} to {MAX_PASSWORD} characters"),
        ("Passwords", f"{MIN_SECOND_PASSWORD} beside a second factor"),
        ("Passwords", f"with fewer than {MIN_REST} characters"),
        ("Sessions", f"| without a request | {IDLE.seconds // 3600} hours |"),
        ("Sessions", f"| in all | {LIFE.days} days |"),
        ("Sessions", f"to be remembered | {REMEMBERED_LIFE.days} days |"),
        ("Sessions", f"the password was given | {FRESH.seconds // 60} minutes |"),
        ("Sessions", f"between password and code | {tickets.LIFE // 60} minutes |"),
        (
            "Sessions",
            f"| {days(LINK_LIFE[Purpose.SETUP])} day; {days(LINK_LIFE[Purpose.INVITE])} days;"
            f" {LINK_LIFE[Purpose.RESET].seconds // 60} minutes |",
        ),
        ("Sessions", f"| API tokens | {TOKEN_LIFE.days} days |"),
        (
            "Input",
            f"| {Config.model_fields['MAX_CONTENT_LENGTH'].default // MIB} MiB;"
            f" {MAX_IMPORT // MIB} MiB |",
        ),
        ("Input", f"| {MAX_DEPTH} levels, {MAX_NODES:,} values"),
        ("Input", f"| {USERNAME_LENGTH} characters, NFKC"),
        ("Input", f"| {EMAIL_LENGTH} characters"),
        ("Input", f"| {NAME_LENGTH}; {URL_LENGTH:,}; {CONTENT_LENGTH:,} characters |"),
        ("Input", f"| {COMMENT_LENGTH:,} characters |"),
        ("Input", f"| 1 to {MAX_SIZE} |"),
        ("What one may have", f"| channels of a person | {MAX_CHANNELS} |"),
        ("What one may have", f"all sites together | {MAX_WINDOWS} |"),
        ("What one may have", f"| sites in a file | {MAX_ROWS:,} |"),
        ("What one may have", f"| {MIN_INTERVAL} to {MAX_INTERVAL:,} seconds |"),
        ("What one may have", f"set by administrators | from {ADMIN_INTERVAL} seconds |"),
        ("What one may have", f"| groups | {MAX_GROUPS} |"),
        ("What one may have", f"| notes of an incident | {MAX_NOTES} |"),
        ("Files", f"{MAX_IMPORT // MIB} MiB and {MAX_ROWS:,} sites at most"),
        ("Files", f"of {MAX_FOREIGN // MIB} MiB at most"),
        (
            "What one may have",
            f"at once | {Config.model_fields['MAX_IN_FLIGHT'].default:,} |",
        ),
        ("What takes long", f"{MAX_BODY // MIB} MiB, {MAX_HOPS} redirects"),
    ],
)
def test_figures_are_those_of_the_code(section: str, words: str) -> None:
    assert words in read_section(section)


def test_files_of_sites_have_the_endings_that_are_told() -> None:
    told = [name for name in find_code(read_section("Files")) if re.fullmatch(r"\.\w+", name)]

    assert sorted(told) == sorted(ENDINGS)


def test_numbers_are_those_of_a_database() -> None:
    assert (MIN_INTEGER, MAX_INTEGER) == (-(2**63), 2**63 - 1)
    assert "| -2^63 to 2^63-1 |" in read_section("Input")


def test_passwords_of_others_are_as_many_as_told() -> None:
    assert len(read_common()) == 30_000
    assert "the 30,000 found most often" in read_section("Passwords")


def test_passwords_are_hashed_as_told() -> None:
    source = (ROOT / "quartapp" / "security.py").read_text()

    assert "PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)" in source
    assert "Argon2id, 19 MiB, 2 passes, 1 lane | a salt of 128 bits" in read_section("Cryptography")
    assert (hasher.salt_len * 8, hasher.type.name) == (128, "ID")
