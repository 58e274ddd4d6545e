"""Find the configuration that was asked for, and check it."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from quartapp.config import Config, DevelopmentConfig, ProductionConfig, TestingConfig, config

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h
NAMES = ("APP_SETTINGS", "FLASK_CONFIG")
RENAMED = {"SQLALCHEMY_DATABASE_URI": "DATABASE_URL", "SQLALCHEMY_ECHO": "DATABASE_ECHO"}


Faults = list[Mapping[str, Any]]
Choice = str | type | Mapping[str, Any] | None


class ConfigError(Exception):
    """The settings are wrong; the message names every one of them."""


def load_config(chosen: Choice = None) -> dict[str, Any]:
    """Return the checked settings of *chosen*: a name, a class, a dotted path, or a mapping.

    Nothing chosen: APP_SETTINGS decides, then FLASK_CONFIG, then "default".
    Raises ConfigError, which names every wrong setting at once.
    """
    try:
        return check_config(chosen)
    except UnicodeDecodeError as error:
        raise ConfigError("The settings are wrong:\n  .env: it is no text in UTF-8.") from error


def check_config(chosen: Choice) -> dict[str, Any]:
    kind, given = find_config(chosen)
    files, problems = read_files(kind)
    problems += [f"{old}: is called {new} here" for old, new in RENAMED.items() if old in given]
    try:
        settings, faults = validate(kind, {**files, **given})
        problems += find_problems(settings, faults)
        if not problems and settings:
            return {**given, **settings.to_mapping()}
    except OSError as error:
        place = error.filename or "a file in it"
        problems.append(f"INSTANCE_PATH: {place} cannot be used ({error.strerror})")
    raise ConfigError("\n".join(["The settings are wrong:", *(f"  {p}." for p in problems)]))


def validate(kind: type[Config], values: dict[str, Any]) -> tuple[Config | None, Faults]:
    """Return the settings, defaults in place of those that are wrong, and what is wrong."""
    try:
        return kind(**values), []
    except ValidationError as error:
        faults: Faults = [*error.errors(include_input=False)]
    fields = {name: kind.model_fields.get(name) for name in map(name_fault, faults)}
    defaults = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in fields.items()
        if field and not field.is_required()
    }
    return kind(**{**values, **defaults}) if len(defaults) == len(fields) else None, faults


def find_problems(settings: Config | None, faults: Faults) -> list[str]:
    """Name everything at once: what is wrong by itself, then what is wrong in this environment."""
    wrong = {name_fault(fault) for fault in faults}
    found = settings.find_problems() if settings else []
    return [
        *(describe(fault) for fault in faults),
        *(problem for problem in found if problem.partition(":")[0] not in wrong),
    ]


def name_fault(fault: Mapping[str, Any]) -> str:
    """Return the setting that is wrong; a check of many settings may name none."""
    return str(fault["loc"][0]) if fault["loc"] else ""


def find_config(chosen: Choice) -> tuple[type[Config], dict[str, Any]]:
    """Return the class that checks the settings, and those that were given beside it."""
    if isinstance(chosen, type) and not issubclass(chosen, Config):
        chosen = read_class(chosen)
    if isinstance(chosen, Mapping):
        kind, given = (TestingConfig, {}) if chosen.get("TESTING") else find_config(None)
        return kind, {**given, **chosen}
    found = chosen if isinstance(chosen, type) else find_class(chosen or find_name())
    if issubclass(found, Config):
        return found, {}
    given = read_class(found)
    return choose_kind(given), given


def read_class(plain: type) -> dict[str, Any]:
    return {name: getattr(plain, name) for name in dir(plain) if name.isupper()}


def choose_kind(given: Mapping[str, Any]) -> type[Config]:
    """Check a plain class of the environment as what it says to be, else strictly."""
    if given.get("TESTING"):
        return TestingConfig
    return DevelopmentConfig if given.get("DEBUG") else ProductionConfig


def find_name() -> str:
    """Return the name in the environment, else the one in `.env`, else "default"."""
    for known in (os.environ, dotenv_values(".env")):
        names = [name for key in NAMES if (name := known.get(key))]
        if len({find_class(name) for name in names}) > 1:
            raise ConfigError(f"{' and '.join(NAMES)} name different settings: unset one.")
        if names:
            return names[0]
    return "default"


def find_class(name: str) -> type:
    """Return the class of a name, or import the one of a dotted path: `package.module.Class`."""
    if name in config:
        return config[name]
    module, _, member = name.rpartition(".")
    try:
        found = getattr(import_module(module), member)
    except (ImportError, AttributeError, ValueError) as error:
        known = ", ".join(config)
        raise ConfigError(f"APP_SETTINGS: {name!r} is none of {known}, nor a class.") from error
    if not isinstance(found, type):
        raise ConfigError(f"APP_SETTINGS: {name!r} is not a class.")
    return found


def read_files(kind: type[Config]) -> tuple[dict[str, str], list[str]]:
    """Read each `<NAME>_FILE`, as containers give their secrets."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for name in kind.model_fields:
        if path := os.environ.get(f"{name}_FILE"):
            try:
                values[name] = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{name}_FILE: {path} cannot be read ({type(error).__name__})")
    return values, problems


def describe(fault: Mapping[str, Any]) -> str:
    """Say what is wrong with a setting, without its value."""
    name = ".".join(str(part) for part in fault["loc"])
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}"
