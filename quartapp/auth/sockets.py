"""Close the sockets of who has signed out elsewhere, in whichever process they are."""

import asyncio
import logging
from typing import cast

from quart import Quart
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.app import POLICY_VIOLATION, QuartApp
from quartapp.auth.asker import Asker
from quartapp.extensions import db
from quartapp.services.session import find_ended_sessions
from quartapp.services.token import find_ended_tokens

PAUSE = 1.0  # s between two looks at the database, one for all sockets of this process

logger = logging.getLogger(__name__)


def init_sockets(app: Quart) -> None:
    # Not `while_serving`, whose generator lets an app be started once only.
    @app.before_serving
    async def start() -> None:
        app.extensions["socket_watch"] = asyncio.create_task(watch(cast(QuartApp, app)))

    @app.after_serving
    async def stop() -> None:
        task: asyncio.Task[None] = app.extensions.pop("socket_watch")
        task.cancel()
        await asyncio.wait([task])  # cut off in a statement, it still closes its connection


async def watch(app: QuartApp) -> None:
    while True:
        await asyncio.sleep(PAUSE)
        try:
            async with app.app_context():
                await close_ended(app)
        except SQLAlchemyError as error:
            logger.warning("Who is still signed in could not be asked: %s", error)
        except Exception:
            logger.exception("Who is still signed in could not be told.")


async def close_ended(app: QuartApp) -> None:
    """Close each socket whose session or token has ended."""
    askers = {socket: socket.asker for socket in app.sockets if isinstance(socket.asker, Asker)}
    sessions = {asker.session.family for asker in askers.values() if asker.session}
    tokens = {asker.token.token_hash for asker in askers.values() if asker.token}
    if not sessions and not tokens:
        return
    async with db.read() as session:
        sessions = await find_ended_sessions(session, sessions)
        tokens = await find_ended_tokens(session, tokens)
    ended = [socket for socket, asker in askers.items() if is_over(asker, sessions, tokens)]
    for socket in ended:
        socket.asker = None  # is told once
    if ended:  # aside, as a client that never says goodbye is waited for
        app.add_background_task(app.close_sockets, POLICY_VIOLATION, "Sign in again.", ended)


async def has_ended(session: AsyncSession, asker: Asker) -> bool:
    """Tell whether the session or token of *asker* lets nobody in any more."""
    sessions = {asker.session.family} if asker.session else set()
    tokens = {asker.token.token_hash} if asker.token else set()
    ended = await find_ended_sessions(session, sessions) if sessions else set()
    return is_over(asker, ended, await find_ended_tokens(session, tokens) if tokens else set())


def is_over(asker: Asker, sessions: set[str], tokens: set[str]) -> bool:
    if asker.session:
        return asker.session.family in sessions
    return asker.token is not None and asker.token.token_hash in tokens
