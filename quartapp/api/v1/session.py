from quart import Blueprint
from quart_schema import validate_querystring, validate_response

from quartapp.api.openapi import answers_nothing
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import NumberQuery, SessionOut, SessionPage
from quartapp.auth import acts_as_admin, get_user, login_required, proof_required
from quartapp.extensions import db
from quartapp.services.paging import paginate
from quartapp.services.session import end_sessions, remove_session, select_sessions

bp = Blueprint("session", __name__, url_prefix="/sessions")


@bp.get("")
@login_required
@validate_querystring(NumberQuery)
@validate_response(SessionPage)
async def index(query_args: NumberQuery) -> SessionPage:
    """List the browsers in which you are signed in, the last seen first."""
    query = select_sessions(get_user())
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [SessionOut.model_validate(row) for row in page.items]
    return SessionPage(items=items, **describe_page(page))


@bp.delete("/<id:session_id>")
@proof_required
@answers_nothing
async def remove(session_id: int) -> tuple[str, int]:
    """Sign one browser out."""
    await remove_session(db.session, session_id, get_user(), as_admin=acts_as_admin())
    await db.session.commit()
    return "", 204


@bp.delete("")
@proof_required
@answers_nothing
async def remove_all() -> tuple[str, int]:
    """Sign every browser out."""
    await end_sessions(db.session, get_user(), get_user())
    await db.session.commit()
    return "", 204
