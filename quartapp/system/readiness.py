"""What administrators are told at `/readyz`: how what a process works with does."""

from time import perf_counter
from typing import Any

from quart import current_app

from quartapp.database.migrations import find_heads, find_revision_state, find_revisions
from quartapp.extensions import db
from quartapp.models.system import Lease, Queue, Work
from quartapp.services.claim import ask_time
from quartapp.services.system import describe_work


async def describe_readiness() -> dict[str, Any]:
    """Tell of the database, the work in it, and Redis; a failing database raises."""
    session = db.session
    connection = await session.connection()
    began = perf_counter()
    state = await find_revision_state(connection)
    ms = (perf_counter() - began) * 1000
    has = await find_revisions(connection)
    work: dict[str, Any] = {"outbox": None, "leases": None}
    if state.is_usable:  # else tables may be missing
        queues, leases = await describe_work(session, await ask_time(session))
        work = {"outbox": describe_outbox(queues), "leases": describe_leases(leases)}
    return {
        "database": {"reachable": True, "ms": round(ms, 1)},
        "migration": {"state": str(state.value), "has": sorted(has), "wants": sorted(find_heads())},
        **work,
        "redis": await describe_redis(),
    }


def describe_outbox(queues: list[Queue]) -> dict[str, float]:
    mail = next(queue for queue in queues if queue.work is Work.MAIL)
    return {"due": mail.due, "late": round(mail.late, 1), "later": mail.later}


def describe_leases(leases: list[Lease]) -> dict[str, Any]:
    """Count the leases that run; the oldest is the one that ends first."""
    ends = min((lease.until for lease in leases), default=None)
    return {"alive": len(leases), "oldest_until": ends.isoformat() if ends else None}


async def describe_redis() -> dict[str, bool] | None:
    """Tell whether Redis answers; None: there is none, each process counts by itself."""
    remote = current_app.extensions.get("redis")
    return {"reachable": await remote.answers()} if remote else None
