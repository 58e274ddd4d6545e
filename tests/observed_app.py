"""quartapp with views that fail, for what is told of failures."""

import logging

from quart import request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import quartapp
from quartapp.app import QuartApp
from quartapp.extensions import db

logger = logging.getLogger(__name__)


def create_app() -> QuartApp:
    app = quartapp.create_app()
    app.add_url_rule("/fail/<int:number>", view_func=fail, methods=["GET", "POST"])
    app.add_url_rule("/clash", view_func=clash)
    app.add_url_rule("/complain", view_func=complain)
    return app


async def fail(number: int) -> str:
    found = {**await request.form, **request.args, **request.cookies}
    raise RuntimeError(f"Number {number} is not for us, said {len(found)}; token={found['given']}")


async def complain() -> str:
    logger.error("Nobody may log in by password=%s.", request.args["given"])
    return "It was told."


async def clash() -> str:
    """Write the same twice where it may be once, and tell of it as of a failure of ours."""
    given = request.args["given"]
    async with db.begin() as session:
        await session.execute(text("CREATE TEMPORARY TABLE once (email VARCHAR(99) UNIQUE)"))
        await session.execute(text("INSERT INTO once VALUES (:given)"), {"given": given})
        try:
            await session.execute(text("INSERT INTO once VALUES (:given)"), {"given": given})
        except DBAPIError as error:
            logger.error("It clashed: %s", error)
            raise RuntimeError("Nobody knows this one.") from error
    return "It was written."
