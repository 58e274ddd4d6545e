"""What a listing reads from its address: `?page=`, `?q=` and what else it filters by."""

from datetime import date
from enum import StrEnum
from typing import TypeVar

from quart import request

from quartapp.errors import NotFoundError
from quartapp.models.entity import NAME_LENGTH
from quartapp.texts import Text

Choice = TypeVar("Choice", bound=StrEnum)


def read_page_number() -> int:
    """Return the number of the page; one that is no number does not exist."""
    raw = request.args.get("page", "1")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise NotFoundError(Text("There is no such page."))
    return int(raw)


def read_key(name: str) -> int | None:
    """Return the id that a list goes on from; None: it begins at its head."""
    raw = request.args.get(name, "")
    if raw and not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise NotFoundError(Text("There is no such page."))
    return int(raw) if raw else None


def read_search() -> str:
    return request.args.get("q", "").strip()[:NAME_LENGTH]


def read_choice(name: str, choices: type[Choice]) -> Choice | None:
    """Return the one of *choices* that is named; None: any."""
    raw = request.args.get(name, "")
    if raw and raw not in list(choices):
        raise NotFoundError(Text("There is no such list."))
    return choices(raw) if raw else None


def read_choices(name: str, choices: type[Choice]) -> list[Choice]:
    """Return those of *choices* that are named; none: any."""
    raw = {value for value in request.args.getlist(name) if value}
    if not raw <= set(choices):
        raise NotFoundError(Text("There is no such list."))
    return [choice for choice in choices if choice in raw]


def read_day(name: str) -> date | None:
    """Return the day that is named, as browsers write it; None: any."""
    raw = request.args.get(name, "")
    try:
        return date.fromisoformat(raw) if raw else None
    except ValueError as error:
        raise NotFoundError(Text("There is no such day.")) from error
