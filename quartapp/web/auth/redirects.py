"""Where a login leads: to a page of this site, nowhere else."""

from urllib.parse import urlsplit

from quart import url_for


def is_own_path(target: str) -> bool:
    """Tell whether browsers read *target* as a path on this host (threats S-REDIR)."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return False
    if any(ord(character) <= 32 or ord(character) == 127 for character in target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def find_next(target: str | None) -> str:
    return target if target and is_own_path(target) else url_for("dashboard.index")
