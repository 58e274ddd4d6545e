from quart import Blueprint
from quart_schema import validate_request, validate_response

from quartapp.api.openapi import may_answer
from quartapp.api.v1.schemas import NewTokenOut, SetupIn
from quartapp.api.v1.token import to_new
from quartapp.extensions import db
from quartapp.limits import limit
from quartapp.limits.keys import by_address
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
    user = await set_up(db.session, data.token, name=data.name, password=data.password)
    secret, row = await add_token(db.session, user, "Set-up", by=user)
    await db.session.commit()
    return to_new(secret, row), 201
