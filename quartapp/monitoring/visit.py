"""The facts of one look, as they come in."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from quartapp.models.look import Look, Phases, Reason, SeenCertificate
from quartapp.monitoring.lanes import Lanes
from quartapp.monitoring.reasons import LookError
from quartapp.texts import Text

DOING = {
    "": Text("getting ready"),
    "dns": Text("looking up the name"),
    "connect": Text("connecting"),
    "tls": Text("agreeing on TLS"),
    "answer": Text("waiting for an answer"),
    "body": Text("reading the body"),
}


@dataclass
class Answer:
    """What the last hop said."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_cut: bool = False
    certificate: SeenCertificate | None = None


@dataclass
class Visit:
    url: str
    limit: asyncio.Timeout
    patience: float | None = None  # s to wait for a lane
    lane: str = ""
    final_url: str = ""
    reason: Reason | None = None
    detail: str = ""
    hops: list[str] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    stage: str = ""
    waited: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.monotonic)

    @property
    def total(self) -> float:
        return max(0.0, time.monotonic() - self.started - self.waited)

    def add(self, phase: str, seconds: float) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        self.stage = stage
        start = time.monotonic()
        try:
            yield
        finally:
            self.add(stage, time.monotonic() - start)

    async def queue(self, held: AsyncExitStack, lanes: Lanes, key: str) -> None:
        """Wait for the turn to ask *key*, to be held; raises LookError after all patience."""
        if not lanes.is_full(key):
            await held.enter_async_context(lanes.hold(key))  # at once
            return
        self.lane = key
        try:
            async with asyncio.timeout(self.patience):
                await self.wait(held, lanes.hold(key))
        except TimeoutError:
            raise LookError(Reason.LAG, Text("It waited too long for its turn.")) from None

    async def wait(self, held: AsyncExitStack, turn: AbstractAsyncContextManager[None]) -> None:
        """Wait for a turn of ours, to be held; the site's time stands still meanwhile."""
        start, end = time.monotonic(), self.limit.when()
        self.limit.reschedule(None)
        try:
            await held.enter_async_context(turn)
        finally:
            seconds = time.monotonic() - start
            self.waited += seconds
            self.limit.reschedule(end + seconds if end is not None else None)

    def explain_timeout(self) -> str:
        seconds, doing = f"{self.total:.1f}", DOING[self.stage]
        return Text(
            "Too slow: after %(seconds)s s it was still %(doing)s.", seconds=seconds, doing=doing
        )

    def to_look(self) -> Look:
        answer, seconds = self.answer, self.seconds
        return Look(
            url=self.url,
            started_at=self.started_at,
            reason=self.reason,
            detail=self.detail,
            status=answer.status,
            final_url=self.final_url,
            hops=tuple(self.hops),
            headers=answer.headers,
            body=answer.body,
            is_cut=answer.is_cut,
            certificate=answer.certificate,
            lane=self.lane,
            phases=Phases(
                waited=self.waited,
                dns=seconds.get("dns"),
                connect=seconds.get("connect"),
                tls=seconds.get("tls"),
                first_byte=seconds.get("first_byte"),
                total=self.total,
            ),
        )
