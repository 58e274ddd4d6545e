"""What a listing reads from its address: `?page=` and `?q=`."""

from quart import request

from quartapp.errors import NotFoundError
from quartapp.models.entity import NAME_LENGTH


def read_page_number() -> int:
    """Return the number of the page; one that is no number does not exist."""
    raw = request.args.get("page", "1")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise NotFoundError("There is no such page.")
    return int(raw)


def read_search() -> str:
    return request.args.get("q", "").strip()[:NAME_LENGTH]
