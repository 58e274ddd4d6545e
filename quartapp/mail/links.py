"""The addresses in mails: they start with PUBLIC_URL, never with what a request says of itself."""

from urllib.parse import urlencode

from quart import current_app

DEFAULT_URL = "http://127.0.0.1:5000"  # where `quartapp run` serves


def write_link(path: str, token: str | None = None) -> str:
    """Return the address of a page, with the secret of a link when it takes one."""
    base = current_app.config["PUBLIC_URL"] or DEFAULT_URL
    return f"{base}{path}?{urlencode({'token': token})}" if token else f"{base}{path}"
