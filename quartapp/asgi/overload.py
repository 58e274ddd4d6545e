"""What a process says that has as much to do as it can: refused at once is better than late.

Without a limit, under a load that is too much, each request waits for all others, and by the time
it is answered nobody waits for it any more.
"""

import json

from quartapp.asgi.proxy import Scope
from quartapp.asgi.scope import Answer

RETRY_AFTER = [(b"retry-after", b"1")]  # s
# Supervisors must not take a busy process for a dead one, and somebody has to see that it is busy.
ALWAYS = {"/livez", "/readyz", "/metrics"}
DETAIL = "The server has too much to do at the moment; try again."


async def refuse(scope: Scope, answer: Answer, request_id: str) -> None:
    """Answer 503 before any work: to the API a problem of RFC 9457, else a line."""
    if not scope["path"].startswith("/api/"):
        await answer.send_text(503, f"{DETAIL}\n".encode(), headers=RETRY_AFTER)
        return
    problem = {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": DETAIL}
    text = json.dumps({**problem, "request_id": request_id}).encode()
    await answer.send_text(503, text, b"application/problem+json", RETRY_AFTER)
