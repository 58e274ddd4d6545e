"""Find the configuration that was asked for, and check it."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from quartapp.config import Config, TestingConfig, config

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h


class ConfigError(Exception):
    """The settings are wrong; the message names every one of them."""


def load_config(chosen: str | type | Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the checked settings of *chosen*: a name, a class, a dotted path, or a mapping.

    Nothing chosen: APP_SETTINGS decides, then FLASK_CONFIG, then "default".
    Raises ConfigError, which names every wrong setting at once.
    """
    kind, given = find_config(chosen)
    files, problems = read_files(kind)
    try:
        settings = kind(**{**files, **given})
        problems += settings.find_problems()
    except ValidationError as error:
        problems += [describe(fault) for fault in error.errors(include_input=False)]
    if problems:
        raise ConfigError("\n".join(["The settings are wrong:", *(f"  {p}" for p in problems)]))
    return {**given, **settings.to_mapping()}


def find_config(chosen: str | type | Mapping[str, Any] | None) -> tuple[type[Config], dict[str, Any]]:
    if isinstance(chosen, Mapping):
        testing = bool(chosen.get("TESTING"))
        return (TestingConfig if testing else find_config(None)[0]), dict(chosen)
    if chosen is None:
        chosen = find_name()
    if isinstance(chosen, str):
        chosen = config.get(chosen) or import_config(chosen)
    if issubclass(chosen, Config):
        return chosen, {}
    return find_config(None)[0], {key: getattr(chosen, key) for key in dir(chosen) if key.isupper()}


def find_name() -> str:
    known = {**dotenv_values(".env"), **os.environ}
    return known.get("APP_SETTINGS") or known.get("FLASK_CONFIG") or "default"


def import_config(path: str) -> type:
    """Import the class that a dotted path names: `package.module.Class`."""
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        names = ", ".join(config)
        raise ConfigError(f"APP_SETTINGS: {path!r} is none of {names}, nor a class.") from error
    if not isinstance(found, type):
        raise ConfigError(f"APP_SETTINGS: {path!r} is not a class.")
    return found


def read_files(kind: type[Config]) -> tuple[dict[str, str], list[str]]:
    """Read each `<NAME>_FILE`, as containers give their secrets."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for name in kind.model_fields:
        if path := os.environ.get(f"{name}_FILE"):
            try:
                values[name] = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{name}_FILE: {path} cannot be read ({type(error).__name__}).")
    return values, problems


def describe(fault: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}."
