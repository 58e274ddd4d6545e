"""The page that adds many sites from a file; scripts are told meanwhile how far it is."""

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from quart import Response, current_app, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.asgi.wrappers import limit_body
from quartapp.auth import get_user, login_required
from quartapp.errors import MAX_TOLD, InvalidError
from quartapp.extensions import db
from quartapp.languages import translate
from quartapp.limits import limit
from quartapp.models import User
from quartapp.models.address import read_bounds
from quartapp.services.rights import refuse_viewer
from quartapp.services.site_import import (
    Plan,
    Source,
    add_sites,
    group_sites,
    list_rest,
    plan_import,
    write_added,
)
from quartapp.texts import Count
from quartapp.web.entity.forms import ImportForm
from quartapp.web.entity.views import bp

MAX_IMPORT = 8 * 1024 * 1024  # bytes
LINES = "application/x-ndjson"

logger = logging.getLogger(__name__)


@bp.route("/import", methods=["GET", "POST"])
@limit_body(MAX_IMPORT)
@limit("20/minute")
@login_required
async def import_sites() -> ResponseReturnValue:
    refuse_viewer(get_user())
    form = await ImportForm.read()
    plan = await read_plan(form) if await form.is_accepted() else None
    if request.accept_mimetypes.best == LINES:
        return make_stream(plan, form, get_user())
    if plan is None:
        return await render_template("entity/import.html", form=form), form.status
    async for _ in add_sites(db.session, plan, get_user()):
        pass
    await group_sites(db.session, plan, get_user())
    answer = await show_added(plan)
    await db.session.commit()
    return answer


async def show_added(plan: Plan) -> ResponseReturnValue:
    """Lead to the sites; what of the file was not carried over is told first."""
    if rest := list_rest(plan, get_user()):
        return await render_template("entity/imported.html", said=write_added(plan), rest=rest)
    await flash(translate(write_added(plan)), "success")
    return redirect(url_for(".index"), 303)


async def read_plan(form: ImportForm) -> Plan | None:
    """Return what the form adds; None, and all that is wrong beside its field, if it cannot."""
    skips = {name: form[name].data for name in ("skip_existing", "skip_faulty")}
    bounds, source = read_bounds(current_app.config), Source(form.source.data)
    try:
        text = form.read_text()
        await db.discard()  # whoever writes would wait until all of it is read
        return await plan_import(db.session, text, bounds, source=source, **skips)
    except InvalidError as error:
        for said in list_faults(error):
            form.add_error("file" if form.upload else "text", said)
        return None


def list_faults(error: InvalidError) -> list[str]:
    """Return what is wrong with a file; of very much the first, and how much more there is."""
    told = [fault.msg for fault in error.errors[:MAX_TOLD]] or [error.text]
    if more := len(error.errors[MAX_TOLD:]):
        told.append(Count("%(num)d more value is wrong.", "%(num)d more values are wrong.", more))
    return told


# --- as a stream of lines


def make_stream(plan: Plan | None, form: ImportForm, owner: User) -> Response:
    """Answer what a script reads line by line: {"done": …, "total": …}, then how it ended."""
    if plan is None:
        errors = [said for field in form for said in field.errors]
        return Response(write_line(errors=errors), form.status, content_type=LINES)
    response = Response(tell_progress(plan, owner), content_type=LINES)
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep the lines back
    return response


def tell_progress(plan: Plan, owner: User) -> AsyncIterator[bytes]:
    """What needs the request is made here: when the lines are written, it is over."""
    rest = [translate(line) for line in list_rest(plan, owner)]
    end = {"location": url_for(".index"), "said": translate(write_added(plan)), "rest": rest}
    failed = gettext("The sites could not be added, and none was. Try again in a moment.")
    return write_progress(db.begin(), plan, owner, end, [failed])


async def write_progress(
    unit: Any, plan: Plan, owner: User | None, end: dict[str, Any], failed: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    """Add the sites in one transaction; a client that leaves ends it, and nothing is kept."""
    try:
        async with unit as session:
            async for done in add_sites(session, plan, owner):
                yield write_line(done=done, total=len(plan.sites))
            await group_sites(session, plan, owner)
    except Exception:
        logger.exception("An import was undone.")
        yield write_line(errors=failed)
    else:
        yield write_line(**end)


def write_line(**values: object) -> bytes:
    return f"{json.dumps(values, ensure_ascii=False)}\n".encode()
