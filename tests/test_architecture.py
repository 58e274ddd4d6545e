"""The import rules of docs/architecture.md, as a test."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "quartapp"

# A part may import from the parts named here, and from itself.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": {"texts"},
    "remote": set(),
    "compiled": set(),
    "rendering": set(),
    "secret_key": set(),
    "security": {"texts"},
    "log": set(),
    "models": {"texts"},
    "live": {"database", "extensions", "models", "services"},
    "database": {"errors", "models", "texts"},
    "config": {"config_base", "config_fields", "database", "secret_key"},
    "config_base": {"config_fields", "database", "log"},
    "config_fields": {"database"},
    "config_shown": {"config", "config_words", "texts"},
    "config_words": {"texts"},
    "configure": {"config"},
    "debug": {"errors", "extensions", "limits", "log", "models", "texts"},
    "cache": {"remote"},
    "extensions": {"cache", "database", "limits"},
    "texts": set(),
    "languages": {"auth", "extensions", "models", "recognition", "texts"},
    "recognition": {"models", "texts"},
    "limits": {"asgi", "errors", "remote", "texts"},
    "services": {"models", "errors", "security", "texts"},
    "asgi": {"errors", "texts"},
    "app": {
        "asgi",
        "database",
        "errors",
        "extensions",
        "log",
        "rendering",
        "security",
        "texts",
    },
    "headers": {"app", "asgi"},
    "auth": {
        "app",
        "asgi",
        "database",
        "errors",
        "extensions",
        "models",
        "security",
        "services",
        "texts",
    },
    "web": {
        "asgi",
        "auth",
        "cache",
        "config_shown",
        "errors",
        "extensions",
        "headers",
        "languages",
        "limits",
        "log",
        "mail",
        "models",
        "security",
        "services",
        "system",
        "texts",
    },
    "api": {
        "app",
        "asgi",
        "auth",
        "database",
        "errors",
        "live",
        "extensions",
        "limits",
        "log",
        "mail",
        "models",
        "security",
        "services",
        "system",
        "texts",
    },
    "doctor": {
        "config",
        "config_fields",
        "configure",
        "database",
        "extensions",
        "models",
        "services",
        "system",
    },
    "error_handlers": {"api", "database", "errors", "refusals", "texts", "web"},
    "refusals": {"auth", "limits"},
    "health": {"app", "asgi", "auth", "database", "extensions", "limits", "system"},
    "metrics": {
        "app",
        "database",
        "extensions",
        "limits",
        "models",
        "monitoring",
        "services",
        "system",
    },
    "monitoring": {"database", "errors", "extensions", "models", "services", "texts"},
    "reporting": {"log", "system"},
    "serve": {"app", "serve_hypercorn", "systemd"},
    "serve_hypercorn": set(),
    "serve_fast": {"app", "serve"},
    "tracing": {"app", "asgi", "log", "system"},
    "visits": {"database", "extensions", "models", "services"},
    "systemd": set(),
    "system": {"database", "extensions", "models", "monitoring", "services", "texts"},
    "telling": {
        "database",
        "errors",
        "extensions",
        "languages",
        "mail",
        "models",
        "monitoring",
        "security",
        "services",
        "texts",
    },
    "mail": {"database", "errors", "extensions", "languages", "models", "services", "texts"},
}
RARE = {"redis", "concurrent_log_handler", "prometheus_client", "yaml", "zxcvbn"}
RARE |= {"opentelemetry", "sentry_sdk"}
TOP = {"__init__", "cli"}  # may import everything, and nobody imports them
WITHOUT_QUART = {
    "config",
    "config_base",
    "config_fields",
    "config_shown",
    "config_words",
    "configure",
    "errors",
    "recognition",
    "models",
    "security",
    "services",
    "texts",
}
WITHOUT_SQLALCHEMY = {
    "api",
    "app",
    "asgi",
    "cache",
    "errors",
    "live",
    "metrics",
    "monitoring",
    "reporting",
    "system",
    "visits",
    "web",
}


def test_every_part_has_its_rule() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or is_package(path)}
    assert parts == set(MAY_IMPORT) | TOP


def is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def imports_of(part: str) -> Iterator[str]:
    for module in [PACKAGE / f"{part}.py", *(PACKAGE / part).rglob("*.py")]:
        if module.exists():
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.ImportFrom):
                    yield from (f"{node.module}.{alias.name}" for alias in node.names)
                elif isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_part_imports_only_what_it_may(part: str) -> None:
    names = [name.split(".") for name in imports_of(part)]
    libraries = {name[0] for name in names}
    ours = {name[1] for name in names if name[0] == "quartapp"}

    assert ours - {part} <= MAY_IMPORT[part]
    assert not (part in WITHOUT_QUART and "quart" in libraries)
    assert not (part in WITHOUT_SQLALCHEMY and "sqlalchemy" in libraries)


def test_no_file_is_longer_than_a_reader_likes() -> None:
    root = PACKAGE.parent
    files = [
        root / "manage.py",
        *(path for top in ("quartapp", "tests", "alembic") for path in (root / top).rglob("*.py")),
    ]
    long = {
        str(path.relative_to(root)): lines
        for path in files
        if (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_packages_that_few_need_are_loaded_by_those() -> None:
    """Redis, files of logs and the list of common passwords are 40 MB of each process."""
    code = (
        "import sys; from quartapp import create_app; create_app({'TESTING': True});"
        f"print(*sorted({RARE} & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.split() == []
