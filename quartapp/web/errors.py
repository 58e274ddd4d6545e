"""How a page says that something went wrong."""

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from quartapp.errors import AppError, FactorNeededError, StaleLoginError, UnauthorizedError
from quartapp.languages import translate


async def render_error(error: AppError) -> ResponseReturnValue:
    """Return the page of *error*; who must show who they are is led there, and back afterwards.

    Who must have a second factor first is led to where they make one.
    """
    if isinstance(error, UnauthorizedError | StaleLoginError):
        await flash(translate(error.text), "info")
        page = "auth.login" if isinstance(error, UnauthorizedError) else "auth.confirm"
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for(page, next=wanted), 303)
    if isinstance(error, FactorNeededError):
        await flash(translate(error.text), "info")
        return redirect(url_for("second_factor.show"), 303)
    page = await render_template("errors/error.html", error=error)
    return page, error.status
