from typing import Any

from quart import Blueprint, current_app

from quartapp.extensions import db
from quartapp.services.paging import Page, paginate
from quartapp.web.paging import read_page_number

bp = Blueprint("admin", __name__, url_prefix="/admin")


async def read_page(query: Any) -> Page[Any]:
    """Return the page of *query* that the address names."""
    return await paginate(db.session, query, read_page_number(), current_app.config["PER_PAGE"])
