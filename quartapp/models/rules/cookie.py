"""Cookies, as an answer sets them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from quartapp.models.rules.page import Page

SESSION = re.compile(
    r"session|sessid|(?<![a-z])(?:sess|sid)(?![a-z])|auth(?!or)|jwt|login|remember"
    r"|(?:access|refresh|id)[_.-]?token|^token$",
    re.IGNORECASE,
)
FORGERY = re.compile(r"csrf|xsrf", re.IGNORECASE)  # scripts have to read these


@dataclass(frozen=True, slots=True)
class Cookie:
    name: str
    flags: dict[str, str]  # names and values in small letters

    @property
    def is_session(self) -> bool:
        return bool(SESSION.search(self.name)) and not FORGERY.search(self.name)

    @property
    def same_site(self) -> str:
        value = self.flags.get("samesite", "")
        return value if value in {"none", "lax", "strict"} else ""


def read_cookies(page: Page) -> Iterator[Cookie]:
    """Yield the cookies that are set; those that are taken away do not count."""
    for line in page.look.get_headers("set-cookie"):
        pair, *parts = line.split(";")
        named = (part.partition("=") for part in parts)
        flags = {name.strip().lower(): value.strip().lower() for name, _, value in named}
        name = pair.partition("=")[0].strip()
        if name and not is_over(flags, page.look.started_at):
            yield Cookie(name, flags)


def is_over(flags: dict[str, str], now: datetime) -> bool:
    if re.fullmatch(r"0|-\d+", flags.get("max-age", ""), re.ASCII):
        return True
    try:
        end = parsedate_to_datetime(flags.get("expires", ""))
    except (ValueError, OverflowError):  # a year, or a zone, of too many digits
        return False
    return "max-age" not in flags and end.replace(tzinfo=end.tzinfo or UTC) <= now
