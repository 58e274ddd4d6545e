from quart import Blueprint
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import NewTokenOut, NumberQuery, TokenIn, TokenOut, TokenPage
from quartapp.auth import (
    acts_as_admin,
    authenticate,
    get_user,
    login_required,
    refuse_token_by_password,
    require_code,
)
from quartapp.extensions import db
from quartapp.models import ApiToken
from quartapp.services.paging import paginate
from quartapp.services.token import add_token, get_token, remove_token, select_tokens

bp = Blueprint("token", __name__, url_prefix="/tokens")


def to_new(secret: str, row: ApiToken) -> NewTokenOut:
    return NewTokenOut(token=secret, **TokenOut.model_validate(row).model_dump())


@bp.post("")
@may_answer(401)
@validate_request(TokenIn)
@validate_response(NewTokenOut, 201)
async def new(data: TokenIn) -> tuple[NewTokenOut, int]:
    """Exchange a user name or e-mail address and the password for a bearer token.

    An account with a second factor needs a code of its app, or a recovery code, as well. Where
    one is asked of who has none, they make their tokens in a browser.
    """
    user = await authenticate(data.username, data.password)
    await require_code(user, data.code)
    await refuse_token_by_password(user)
    secret, row = await add_token(db.session, user, data.name, scope=data.scope, by=user)
    await db.session.commit()
    return to_new(secret, row), 201


@bp.get("")
@login_required
@validate_querystring(NumberQuery)
@validate_response(TokenPage)
async def index(query_args: NumberQuery) -> TokenPage:
    """List your tokens, the newest first, without their secrets."""
    query = select_tokens(get_user())
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [TokenOut.model_validate(row) for row in page.items]
    return TokenPage(items=items, **describe_page(page))


@bp.get("/<id:token_id>")
@login_required
@validate_response(TokenOut)
async def show(token_id: int) -> TokenOut:
    """Return one token, without its secret."""
    by = get_user()
    row = await get_token(db.session, token_id, seen_by=by, as_admin=acts_as_admin())
    return TokenOut.model_validate(row)


@bp.delete("/<id:token_id>")
@login_required
@answers_nothing
async def remove(token_id: int) -> tuple[str, int]:
    """Revoke a token: at once, wherever it is used."""
    await remove_token(db.session, token_id, get_user(), as_admin=acts_as_admin())
    await db.session.commit()
    return "", 204
