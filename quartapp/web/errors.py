"""How a page says that something went wrong."""

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quartapp.errors import AppError, UnauthorizedError


async def render_error(error: AppError) -> ResponseReturnValue:
    """Return the page of *error*; a stranger is led to the login, and back afterwards."""
    if isinstance(error, UnauthorizedError):
        await flash(str(error), "info")
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("auth.login", next=wanted), 303)
    page = await render_template("errors/error.html", error=error)
    return page, error.status
