from typing import Any

from quart import Blueprint, Response, request
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.export import make_file
from quartapp.api.openapi import answers_nothing, may_answer, streams
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    AccountOut,
    MePatch,
    NewTokenOut,
    NumberQuery,
    SessionOut,
    SessionPage,
    SetupIn,
    UserPage,
    UserPatch,
    UserQuery,
)
from quartapp.api.v1.token import to_new
from quartapp.auth import (
    admin_required,
    get_user,
    guard_stream,
    hash_password_by_link,
    login_required,
    proof_required,
)
from quartapp.extensions import db
from quartapp.limits import limit
from quartapp.limits.keys import by_address
from quartapp.mail.notices import tell_factors_forgotten
from quartapp.models import Purpose, utcnow
from quartapp.services.paging import paginate
from quartapp.services.people import edit_user, forget_factors, get_user_by_id, select_users
from quartapp.services.personal import write_person
from quartapp.services.session import end_sessions, select_sessions
from quartapp.services.token import add_token
from quartapp.services.user import set_up

bp = Blueprint("user", __name__)


@bp.post("/setup")
@limit("10/minute", by=by_address)
@may_answer(409)
@validate_request(SetupIn)
@validate_response(NewTokenOut, 201)
async def setup(data: SetupIn) -> tuple[NewTokenOut, int]:
    """Make the first administrator with the token of the set-up link; the answer is a token."""
    password_hash = await hash_password_by_link(
        data.token, data.password, Purpose.SETUP, name=data.name
    )
    user = await set_up(db.session, data.token, name=data.name, password_hash=password_hash)
    secret, row = await add_token(db.session, user, "Set-up", by=user)
    await db.session.commit()
    return to_new(secret, row), 201


# --- oneself


@bp.get("/users/me")
@login_required
@validate_response(AccountOut)
async def show_me() -> AccountOut:
    """Return who you are."""
    return AccountOut.model_validate(get_user())


@bp.get("/users/me/data")
@limit("10/minute")
@proof_required
@streams("application/json")
@may_answer(403)
async def show_my_data() -> Response:
    """Return all that is kept about you, without secrets, as a file."""
    pieces = guard_stream(write_person(db.readers, get_user(), utcnow()))
    return make_file("" if request.method == "HEAD" else pieces, "account.json", "application/json")


@bp.patch("/users/me")
@login_required
@may_answer(409)
@validate_request(MePatch)
@validate_response(AccountOut)
async def edit_me(data: MePatch) -> AccountOut:
    """Change your name."""
    return await change(get_user().id, data.model_dump(exclude_unset=True))


async def change(user_id: int, values: dict[str, Any]) -> AccountOut:
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    await edit_user(db.session, user, get_user(), **values)
    await db.session.commit()
    return AccountOut.model_validate(user)


# --- everybody


@bp.get("/users")
@admin_required
@validate_querystring(UserQuery)
@validate_response(UserPage)
async def index(query_args: UserQuery) -> UserPage:
    """List the people by name."""
    query = select_users(query_args.q)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [AccountOut.model_validate(user) for user in page.items]
    return UserPage(items=items, **describe_page(page))


@bp.get("/users/<id:user_id>")
@admin_required
@validate_response(AccountOut)
async def show(user_id: int) -> AccountOut:
    """Return one person."""
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    return AccountOut.model_validate(user)


@bp.patch("/users/<id:user_id>")
@admin_required
@may_answer(409)
@validate_request(UserPatch)
@validate_response(AccountOut)
async def edit(user_id: int, data: UserPatch) -> AccountOut:
    """Change somebody's role, or whether they may come in; their sessions end."""
    return await change(user_id, data.model_dump(exclude_unset=True))


@bp.get("/users/<id:user_id>/sessions")
@admin_required
@validate_querystring(NumberQuery)
@validate_response(SessionPage)
async def sessions(user_id: int, query_args: NumberQuery) -> SessionPage:
    """List the browsers in which somebody is signed in, the last seen first."""
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    query = select_sessions(user)
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [SessionOut.model_validate(row) for row in page.items]
    return SessionPage(items=items, **describe_page(page))


@bp.delete("/users/<id:user_id>/sessions")
@admin_required
@answers_nothing
async def remove_sessions(user_id: int) -> tuple[str, int]:
    """Sign somebody out of every browser."""
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    await end_sessions(db.session, user, get_user())
    await db.session.commit()
    return "", 204


@bp.delete("/users/<id:user_id>/second-factor")
@admin_required
@may_answer(409)
@answers_nothing
async def remove_second_factor(user_id: int) -> tuple[str, int]:
    """Remove a second factor that is lost; a mail brings the link to a new password."""
    user = await get_user_by_id(db.session, user_id, seen_by=get_user())
    token = await forget_factors(db.session, user, get_user())
    await tell_factors_forgotten(db.session, user, token)
    await db.session.commit()
    return "", 204
