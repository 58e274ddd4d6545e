from quart import Blueprint
from quart_schema import validate_request, validate_response

from quartapp.api.openapi import may_answer
from quartapp.api.v1.schemas import SetupIn, TokenIn, TokenOut
from quartapp.extensions import db
from quartapp.services.user import add_api_token, authenticate, set_up

bp = Blueprint("user", __name__)


@bp.post("/setup")
@may_answer(409)
@validate_request(SetupIn)
@validate_response(TokenOut, 201)
async def setup(data: SetupIn) -> tuple[TokenOut, int]:
    """Make the first administrator with the token of the set-up link; the answer is a token."""
    user = await set_up(db.session, data.token, name=data.name, password=data.password)
    secret, row = await add_api_token(db.session, user, "Set-up")
    await db.session.commit()
    return TokenOut(token=secret, name=row.name, expires_at=row.expires_at), 201


@bp.post("/tokens")
@may_answer(401)
@validate_request(TokenIn)
@validate_response(TokenOut, 201)
async def new_token(data: TokenIn) -> tuple[TokenOut, int]:
    """Exchange a user name and password for a bearer token."""
    user = await authenticate(db.session, data.username, data.password)
    secret, row = await add_api_token(db.session, user, data.name)
    await db.session.commit()
    return TokenOut(token=secret, name=row.name, expires_at=row.expires_at), 201
