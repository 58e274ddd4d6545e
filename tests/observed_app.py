"""quartapp with views that fail, for what is told of failures."""

import logging

from quart import request

import quartapp
from quartapp.app import QuartApp

logger = logging.getLogger(__name__)


def create_app() -> QuartApp:
    app = quartapp.create_app()
    app.add_url_rule("/fail/<int:number>", view_func=fail, methods=["GET", "POST"])
    app.add_url_rule("/complain", view_func=complain)
    return app


async def fail(number: int) -> str:
    found = {**await request.form, **request.args, **request.cookies}
    raise RuntimeError(f"Number {number} is not for us, said {len(found)}; token={found['given']}")


async def complain() -> str:
    logger.error("Nobody may log in by password=%s.", request.args["given"])
    return "It was told."
