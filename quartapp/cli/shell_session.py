"""The shell's `db.session`: it holds neither lock nor snapshot while the prompt waits."""

from typing import Any

from quart import Quart, g
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession


def open_session(app: Quart) -> None:
    """Put a session in place that takes SQLite's write lock when it writes, not when it reads."""
    session: AsyncSession = app.extensions["database"].readers()
    info = session.sync_session.info
    info["writes"] = False

    def note(*_: Any) -> None:
        info["writes"] = True

    def forget(*_: Any) -> None:
        info["writes"] = False

    def note_statement(state: Any) -> None:
        info["writes"] = info["writes"] or not state.is_select

    listeners = {
        "after_flush": note,
        "do_orm_execute": note_statement,
        "after_commit": forget,
        "after_rollback": forget,
    }
    for name, listener in listeners.items():
        event.listen(session.sync_session, name, listener)
    g.db_session = session


async def release_session() -> None:
    """End the transaction, unless something waits for a commit of the person's own."""
    session: AsyncSession = g.db_session
    waiting = session.info["writes"] or session.new or session.dirty or session.deleted
    if session.in_transaction() and not waiting:
        await session.commit()
