from quart import Blueprint, current_app, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.services.entity import load_names
from quartapp.services.incident import (
    add_incident,
    add_note,
    edit_incident,
    get_incident,
    refuse_reader,
    remove_incident,
    select_incidents,
)
from quartapp.services.paging import paginate
from quartapp.web.forms import require_token
from quartapp.web.incident.forms import IncidentForm, NewIncidentForm, NoteForm
from quartapp.web.paging import read_page_number

bp = Blueprint("incident", __name__, url_prefix="/incidents")


@bp.get("")
@login_required
async def index() -> ResponseReturnValue:
    size = current_app.config["PER_PAGE"]
    page = await paginate(db.session, select_incidents(), read_page_number(), size)
    return await render_template("incident/index.html", page=page)


@bp.route("/new", methods=["GET", "POST"])
@login_required
async def new() -> ResponseReturnValue:
    refuse_reader(get_user())
    form = await NewIncidentForm.among(await load_names(db.session))
    if await form.is_accepted():
        try:
            incident = await add_incident(db.session, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await db.session.commit()
            return redirect(url_for(".show", incident_id=incident.id), 303)
    return await render_template("incident/edit.html", form=form, incident=None), form.status


@bp.get("/<id:incident_id>")
@login_required
async def show(incident_id: int) -> ResponseReturnValue:
    return await show_incident(incident_id, await NoteForm.read())


@bp.post("/<id:incident_id>/notes")
@login_required
async def note(incident_id: int) -> ResponseReturnValue:
    incident = await get_incident(db.session, incident_id)
    refuse_reader(get_user())
    form = await NoteForm.read()
    if not await form.is_accepted():
        return await show_incident(incident_id, form), form.status
    await add_note(db.session, incident, get_user(), **form.values)
    await db.session.commit()
    return redirect(url_for(".show", incident_id=incident_id), 303)


async def show_incident(incident_id: int, form: NoteForm) -> str:
    incident = await get_incident(db.session, incident_id)
    return await render_template("incident/show.html", incident=incident, form=form)


@bp.route("/<id:incident_id>/edit", methods=["GET", "POST"])
@login_required
async def edit(incident_id: int) -> ResponseReturnValue:
    incident = await get_incident(db.session, incident_id)
    refuse_reader(get_user())
    form = await IncidentForm.among(await load_names(db.session), incident)
    if await form.is_accepted():
        try:
            await edit_incident(db.session, incident, get_user(), **form.values)
        except InvalidError as error:
            form.add_refusal(error)
        else:
            await db.session.commit()
            return redirect(url_for(".show", incident_id=incident_id), 303)
    return await render_template("incident/edit.html", form=form, incident=incident), form.status


@bp.post("/<id:incident_id>/remove")
@login_required
async def remove(incident_id: int) -> ResponseReturnValue:
    await require_token()
    incident = await get_incident(db.session, incident_id)
    await remove_incident(db.session, incident, get_user())
    await flash(gettext("%(name)s is removed.", name=incident.title), "success")
    await db.session.commit()
    return redirect(url_for(".index"), 303)
