"""How a page says that something went wrong."""

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quartapp.errors import AppError, StaleLoginError, UnauthorizedError
from quartapp.languages import translate


async def render_error(error: AppError) -> ResponseReturnValue:
    """Return the page of *error*; who must show who they are is led there, and back afterwards."""
    if isinstance(error, UnauthorizedError | StaleLoginError):
        await flash(translate(error.text), "info")
        page = "auth.login" if isinstance(error, UnauthorizedError) else "auth.confirm"
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for(page, next=wanted), 303)
    page = await render_template("errors/error.html", error=error)
    return page, error.status
