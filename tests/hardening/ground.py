"""Where state machines live: an app on a loop of its own, whose clock and tables they own."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, ClassVar, Self, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Base, base

T = TypeVar("T")

SEQUENCES = int(os.environ.get("QUARTAPP_EXAMPLES", "90"))
STEPS = 25
# Long enough that the time a step takes does not matter.
WAITS = st.sampled_from([timedelta(seconds=40), timedelta(minutes=2), timedelta(hours=1)])
LONG_WAITS = st.sampled_from([timedelta(hours=13), timedelta(days=8), timedelta(days=31)])


class Ground:
    def __init__(self, app: QuartApp, patch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.runner = asyncio.Runner()
        self.later = timedelta()
        self.steps = 0
        ground = self

        class Moved(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return super().now(tz) + ground.later

        patch.setattr(base, "datetime", Moved)

    def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do one unit of work, which is committed; not when it raises."""

        async def begin() -> T:
            async with self.app.app_context(), db.begin() as session:
                return await work(session)

        return self.runner.run(begin())

    def clear(self) -> None:
        async def delete_all(session: AsyncSession) -> None:
            for table in reversed(Base.metadata.sorted_tables):
                await session.execute(table.delete())

        self.later = timedelta()
        self.run(delete_all)

    def close(self) -> None:
        async def dispose() -> None:
            async with self.app.app_context():
                await db.engine.dispose()

        self.runner.run(dispose())
        self.runner.close()


class Machine(RuleBasedStateMachine):
    """One that begins with empty tables."""

    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        self.ground.clear()
        self.has_moved = False  # since time went by: else there is nothing to wait for

    def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        self.ground.steps += 1
        self.has_moved = True
        return self.ground.run(work)

    def wait(self, time: timedelta) -> None:
        self.ground.later += time
        self.has_moved = False


def explore(
    machine: type[Machine], ground: Ground, note: Callable[[str, Any], None], what: str
) -> None:
    """Let hypothesis look for a sequence that breaks the machine's word; note how much it tried."""
    machine.ground = ground
    careful = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=careful,
        ),
    )
    note(f"properties: units of work with {what}", ground.steps)
