"""What no line of the package does: run what it is given, or read it in a way that could."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from quartapp.headers import CSP
from tests.papers import ROOT

pytestmark = pytest.mark.asvs

PACKAGE = ROOT / "quartapp"
SCRIPTS = sorted((PACKAGE / "static").glob("*.js"))
TEMPLATES = sorted(path for path in (PACKAGE / "templates").rglob("*") if path.is_file())
# Of a shell at the operator's hand, which runs what they type.
THEIR_OWN = {"cli/shell.py": {"exec", "compile"}, "cli/shell_session.py": {"compile"}}
RUNNING = {"eval", "exec", "compile", "__import__"}
UNSAFE = {
    *("ctypes", "dill", "jsonpickle", "marshal", "pickle", "shelve"),  # memory, and objects
    *("defusedxml", "lxml", "xml", "xmltodict"),  # entities, XPath
    *("ldap", "ldap3", "pymemcache", "memcache", "paramiko", "ftplib", "telnetlib"),
}
STARTING = re.compile(r"spawn[lv]p?e?|posix_spawnp?|exec[lv]p?e?")
# Whose words an operator wrote, in a list: no shell reads them.
PROGRAMS = {"cli/deploy.py", "cli/reload.py"}


@cache
def read_trees() -> list[tuple[str, ast.Module]]:
    return [
        (str(path.relative_to(PACKAGE)), ast.parse(path.read_text()))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


def find_calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Return each call and what is called, the last part of its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield name, node


def find_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def test_nothing_is_run_that_somebody_sent() -> None:
    found = {
        name: ran
        for name, tree in read_trees()
        if (
            ran := {
                called
                for called, call in find_calls(tree)
                if called in RUNNING and isinstance(call.func, ast.Name)
            }
        )
    }

    assert {name: ran - THEIR_OWN.get(name, set()) for name, ran in found.items()} == {
        name: set() for name in found
    }


def test_nothing_is_read_that_could_run() -> None:
    assert {
        name: bad for name, tree in read_trees() if (bad := UNSAFE & {*find_imports(tree)})
    } == {}


def test_yaml_is_read_by_its_safe_loader_alone() -> None:
    text = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))

    assert re.findall(r"yaml\.(?:unsafe|full)?_?load\w*\(", text) == []
    assert set(re.findall(r"yaml\.(?:compose|parse)\([^)]*\)", text)) == {
        "yaml.compose(text, Loader=Loader)",
        "yaml.parse(text, Loader=Loader)",
    }
    assert 'class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):' in text


def test_no_shell_reads_a_command() -> None:
    calls = [
        (name, called, call) for name, tree in read_trees() for called, call in find_calls(tree)
    ]
    shells = [name for name, _, call in calls for word in call.keywords if word.arg == "shell"]
    running = {
        "Popen",
        "check_call",
        "check_output",
        "create_subprocess_exec",
        "create_subprocess_shell",
    }
    programs = {
        name
        for name, called, _ in calls
        if called in running | {"popen", "system"} or STARTING.fullmatch(called)
    }
    programs |= {name for name, tree in read_trees() if "subprocess" in {*find_imports(tree)}}

    assert shells == []
    assert programs == PROGRAMS


def test_no_template_is_made_of_what_somebody_sent() -> None:
    made = {"from_string", "render_template_string", "Template", "stream_template_string"}

    assert [
        name for name, tree in read_trees() for called, _ in find_calls(tree) if called in made
    ] == []


def test_no_text_of_strangers_is_a_format() -> None:
    """`"…".format()` of a constant, of markup, or of a tag that a view names."""
    found = {
        name
        for name, tree in read_trees()
        for called, call in find_calls(tree)
        if called in ("format", "format_map")
        and isinstance(call.func, ast.Attribute)
        and not is_constant(call.func.value)
        and not ast.unparse(call.func.value).startswith("super()")
    }

    assert found == {"cache/__init__.py"}  # tags and keys of @cache.cached, which the source has


def is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):  # Markup("…")
        return all(isinstance(argument, ast.Constant) for argument in node.args)
    return isinstance(node, ast.Constant)


def test_no_statement_is_written_with_values() -> None:
    """`text()` gets a constant, or names of tables and columns that are ours."""
    found = [
        (name, ast.unparse(call.args[0]))
        for name, tree in read_trees()
        if "sqlalchemy" in {*find_imports(tree)}
        for called, call in find_calls(tree)
        if called in ("text", "exec_driver_sql") and call.args and not is_constant(call.args[0])
    ]

    # Counters, days and tables of ours, and a constant for each kind of database.
    assert {name for name, _ in found if not name.startswith("database/")} == {
        *("services/backup.py", "services/retention.py", "services/system.py"),
    }
    assert {words for _, words in found if "{" in words and "database/" not in _} == {
        "f'SELECT setval({counter}, {highest})'",
        "f'DROP TABLE {name}'",
        "f\"{made} FOR VALUES FROM ('{start}') TO ('{end}')\"",
    }


def test_random_numbers_that_matter_are_those_of_the_system() -> None:
    using = {name for name, tree in read_trees() if "random" in {*find_imports(tree)}}

    assert using == {"services/result.py"}  # how often old results are looked for


# --- in the browser


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_texts_and_keep_nothing(path: Path) -> None:
    text = path.read_text()
    writing = (
        r"\b(?:eval|Function|setTimeout|setInterval)\(\s*[\"'`]|\.(?:inner|outer)HTML\s*\+?=(?!=)"
    )
    writing += r"|insertAdjacentHTML|document\.write|DOMParser\(\)\.parseFromString\([^)]*\bxml"

    assert re.findall(writing, text) == []
    assert re.findall(r"localStorage|sessionStorage|indexedDB|document\.cookie", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_take_no_messages_of_other_pages(path: Path) -> None:
    assert (
        re.findall(r"postMessage|[\"']message[\"']\s*,.*window|window\.onmessage", path.read_text())
        == []
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_reach_no_prototype(path: Path) -> None:
    # By a name, or by one that is computed.
    found = r"__proto__|\.prototype\b|\bconstructor\b|[\w\]]\[[^\]\"'\d]+\]\s*=[^=]"

    assert re.findall(found, path.read_text()) == []


def test_nothing_but_scripts_styles_and_pictures_is_loaded() -> None:
    tags = r"<(?:object|embed|applet|iframe|frame)\b"

    assert [path.name for path in TEMPLATES if re.search(tags, path.read_text())] == []
    assert {"object-src 'none'", "base-uri 'none'", "default-src 'none'"} <= set(CSP.split("; "))


def test_what_is_shown_unescaped_was_made_by_us() -> None:
    safe = {
        (path.name, found)
        for path in TEMPLATES
        for found in re.findall(
            r"\{\{[^}]*\|\s*safe[^}]*\}\}|\{%\s*autoescape[^%]*%\}", path.read_text()
        )
    }

    assert safe == set()


def find_hashes(tree: ast.AST) -> Iterator[str]:
    """Return what is taken of hashlib, called or not, and what hmac is told to take."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib":
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module == "hashlib":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "hmac.digest":
            yield ast.literal_eval(node.args[2])


def test_no_weak_hash_is_taken() -> None:
    taken = {hash_ for _, tree in read_trees() for hash_ in find_hashes(tree)}
    weak = {"md5", "sha1", "MD5", "SHA1", "TripleDES", "ARC4", "ECB", "PKCS1v15"}
    calls = {called for _, tree in read_trees() for called, _ in find_calls(tree)}

    assert taken == {"sha256", "blake2b"}
    assert calls & weak == set()


def test_cryptography_is_that_of_packages_well_known() -> None:
    others = {"Crypto", "Cryptodome", "M2Crypto", "OpenSSL", "bcrypt", "ecdsa", "jose", "jwt"}
    others |= {"nacl", "passlib", "pyaes", "rsa", "secp256k1"}

    assert [name for name, tree in read_trees() if others & {*find_imports(tree)}] == []
    # Of the parts that cryptography calls hazardous: a kind of key, and the print of a certificate.
    parts = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert set(re.findall(r"cryptography\.hazmat\S*(?: import .*)?", parts)) == {
        "cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey",
        "cryptography.hazmat.primitives.hashes import SHA256",
    }


# --- the audit log


def test_no_statement_changes_the_audit_log() -> None:
    """What goes through it by tables (backup, pruning) has tests of its own."""
    found = [
        ast.unparse(call)
        for _, tree in read_trees()
        for called, call in find_calls(tree)
        if called in ("update", "delete", "merge")
        and re.search(r"AuditEvent|audit_event", ast.unparse(call))
    ]

    assert found == []
