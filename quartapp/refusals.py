"""What was refused, and to whom: a line of the log for who looks into an attack."""

import logging

from quart import Quart, Request, Response, Websocket, current_app, g, request

from quartapp.auth.asker import find_user
from quartapp.limits.keys import by_asker
from quartapp.limits.memory import Memory

# Against a rule of security, not a slip of the pen; of 401, where a credential came along.
TOLD = {400, 403, 413, 429}
# Of one asker in a minute: who is refused a thousand times a second is not to fill the disk.
MOST_LINES = 30
MORE = " Of this asker, no more is told in this minute."

logger = logging.getLogger(__name__)


def init_app(app: Quart) -> None:
    app.extensions["refusals"] = Memory()
    app.after_request(look_at_answer)


async def look_at_answer(response: Response) -> Response:
    note_refusal(request, response.status_code)
    return response


def note_refusal(asked: Request | Websocket, status: int) -> None:
    """Tell the log who was refused, if *status* is such a one; the query may hold secrets."""
    if status not in TOLD and not (status == 401 and "Authorization" in asked.headers):
        return
    asker, told = by_asker(), current_app.extensions["refusals"]
    if not told.acquire(asker, MOST_LINES, 60):
        return
    _, lines = told.find_window(asker, 60)
    user = find_user()
    logger.warning(
        "Refused with %d: %s %s, asked by %s from %s: %s%s",
        status,
        asked.method,
        asked.path,
        f"user {user.id}" if user else "nobody known",
        asked.remote_addr,
        g.get("refusal", "the token of the form"),
        MORE if lines == MOST_LINES else "",
    )
