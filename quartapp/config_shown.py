"""The settings in force, as administrators may see them: what is not surely harmless is hidden."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from sqlalchemy import URL, make_url

from quartapp.config import Config
from quartapp.config_words import MEANINGS

SECRET_WORDS = ("KEY", "PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL")
# Secrets of which the place may be seen.
ADDRESSES = {"DATABASE_URL", "PGBOUNCER_URL", "REDIS_URL"}
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; without a value it is hidden, and nothing but whether it is set is told."""

    name: str
    value: str | None
    is_set: bool
    is_default: bool
    meaning: str


def list_settings(settings: Config, values: Mapping[str, Any]) -> list[Setting]:
    """Return each of *settings*, with what became of it: *values* are those of the app."""
    return [
        Setting(
            name,
            show_value(name, field, values.get(name)),
            is_set=values.get(name) not in (None, "", []),
            is_default=name not in settings.model_fields_set,
            meaning=MEANINGS.get(name, ""),
        )
        for name, field in type(settings).model_fields.items()
    ]


def show_value(name: str, field: FieldInfo, value: Any) -> str | None:
    """Return what may be seen of a value; None: nothing."""
    if name in ADDRESSES:
        return show_address(value)
    return None if is_secret(name, field) else write_value(value)


def is_secret(name: str, field: FieldInfo) -> bool:
    """Tell whether a value must not be seen; what nobody has described is taken for one."""
    has_word = any(word in name.upper() for word in SECRET_WORDS)
    return name not in MEANINGS or has_word or "Secret" in str(field)


def show_address(value: Any) -> str | None:
    """Return where a server or a file is, and nothing of who signs in there, nor how."""
    try:
        url = make_url(value)
        place = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
        shown = place.render_as_string()
    except Exception:  # noqa: BLE001 (whatever it is, it is not shown)
        return None
    return None if "@" in shown else shown


def write_value(value: Any) -> str | None:
    """Return a plain value as text; None: it is of a kind that nobody has thought of."""
    if isinstance(value, list | tuple):
        parts = [write_value(part) for part in value]
        return None if None in parts else ", ".join(map(str, parts))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Path):
        return str(value)
    return hide_credentials(value) if isinstance(value, str) else "" if value is None else None


def hide_credentials(text: str) -> str:
    """Leave out what stands before an @ after a colon, and what follows the ? of an address."""
    before, at, after = text.rpartition("@")
    if at and ":" in before:
        text = f"{HIDDEN}@{after}"
    place, mark, _ = text.partition("?")
    return f"{place}?{HIDDEN}" if mark else text
