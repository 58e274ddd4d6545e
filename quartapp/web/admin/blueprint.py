from typing import Any

from quart import Blueprint, current_app, flash, redirect, url_for
from quart.typing import ResponseReturnValue

from quartapp.extensions import db
from quartapp.services.paging import Page, paginate
from quartapp.web.paging import read_page_number

bp = Blueprint("admin", __name__, url_prefix="/admin")


async def read_page(query: Any) -> Page[Any]:
    """Return the page of *query* that the address names."""
    return await paginate(db.session, query, read_page_number(), current_app.config["PER_PAGE"])


async def finish(message: str, user_id: int) -> ResponseReturnValue:
    """Commit, and show the person to whom something was done."""
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for(".show_user", user_id=user_id), 303)
