"""Static files under names that hold their content's hash: kept for a year, never stale."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from quart import Quart, Response, current_app, send_from_directory

from quartapp.limits import unlimited

FOLDER = Path(__file__).parent.parent / "static"
YEAR = 365 * 24 * 3600  # s
HASHED = re.compile(r"(.+)\.[0-9a-f]{12}\.([a-z0-9]+)")  # as in deploy/nginx.conf


def init_app(app: Quart) -> None:
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=send_static)
    app.url_defaults(add_hash)


def add_hash(endpoint: str, values: dict[str, Any]) -> None:
    """Let `url_for("static", filename="app.css")` give `/static/app.0123456789ab.css`."""
    if endpoint == "static" and "filename" in values:
        values["filename"] = hash_name(values["filename"], current_app.debug)


add_hash.__dict__["is_pure"] = True  # the address depends on nothing else


def hash_name(filename: str, changing: bool) -> str:
    return make_hashed_name(filename) if changing else read_hashed_name(filename)


def make_hashed_name(filename: str) -> str:
    path = FOLDER / filename
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{filename.removesuffix(path.suffix)}.{digest}{path.suffix}"


read_hashed_name = lru_cache(make_hashed_name)


@unlimited
async def send_static(filename: str) -> Response:
    hashed = HASHED.fullmatch(filename)
    plain = f"{hashed[1]}.{hashed[2]}" if hashed else filename
    response = await send_from_directory(FOLDER, plain)
    response.cache_control.no_cache = None
    response.cache_control.public = True
    response.cache_control.max_age = YEAR if hashed else 0
    response.cache_control.immutable = bool(hashed)
    return response
