"""The board of bugs, and what is done to one or several from lists of them."""

from typing import Any

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from quart_babel import ngettext

from quartapp.auth import get_user, login_required
from quartapp.errors import BadRequestError, InvalidError
from quartapp.extensions import db
from quartapp.models.tally import FindingState
from quartapp.services.board import load_board
from quartapp.services.bug import edit_bug, edit_bugs, find_assignee, get_bug, refuse_reader
from quartapp.texts import Text
from quartapp.web.bug.views import bp, load_handlers
from quartapp.web.bug.wanted import read_wanted
from quartapp.web.forms import require_token

NOBODY = "nobody"


@bp.get("/bugs/board")
@login_required
async def board() -> ResponseReturnValue:
    wanted = read_wanted()
    conditions = {**wanted.conditions, "states": ()}  # there is a column for each
    columns = await load_board(db.session, seen_by=get_user(), **conditions)
    people = await load_handlers()
    return await render_template(
        "bug/board.html", columns=columns, wanted=wanted, people=people, nobody=NOBODY
    )


@bp.post("/bugs/<id:bug_id>/move")
@login_required
async def move(bug_id: int) -> ResponseReturnValue:
    bug = await get_bug(db.session, bug_id, seen_by=get_user())
    refuse_reader(get_user())
    await require_token()
    await edit_bug(db.session, bug, get_user(), **await read_changes())
    await db.session.commit()
    return redirect(url_for("bug.board", **read_wanted().address), 303)


@bp.post("/bugs/bulk")
@login_required
async def bulk() -> ResponseReturnValue:
    refuse_reader(get_user())
    await require_token()
    changes = await read_changes()
    if not changes:
        raise InvalidError(Text("Say what is to be changed."))
    bugs = await edit_bugs(db.session, await read_ids(), get_user(), **changes)
    done = ngettext("%(num)d bug was changed.", "%(num)d bugs were changed.", len(bugs))
    await flash(done, "success")
    await db.session.commit()
    slug, address = (await request.form).get("slug", ""), read_wanted().address
    where = url_for("bug.of_site", slug=slug, **address) if slug else None
    return redirect(where or url_for("bug.index", **address), 303)


async def read_ids() -> set[int]:
    raw = (await request.form).getlist("bug")
    if any(not (one.isascii() and one.isdigit() and len(one) < 19) for one in raw):
        raise BadRequestError(Text("A bug is named by its number."))
    return {int(one) for one in raw}


async def read_changes() -> dict[str, Any]:
    """Return what the form of a card, or below a list, asks for; what is empty stays as it is."""
    form = await request.form
    state, assignee = form.get("state", ""), form.get("assignee_id", "")
    changes: dict[str, Any] = {}
    if state:
        changes["state"] = read_state(state)
    if assignee:
        changes["assignee"] = await find_assignee(db.session, read_person(assignee))
    return changes


def read_state(raw: str) -> FindingState:
    if raw not in list(FindingState):
        raise BadRequestError(Text("There is no such state."))
    return FindingState(raw)


def read_person(raw: str) -> int | None:
    if raw != NOBODY and not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise BadRequestError(Text("A person is named by a number."))
    return None if raw == NOBODY else int(raw)
