"""Is it them, or is it us: when a site does not answer, ask others that always do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from quartapp.models.expectation import Verdict
from quartapp.models.look import Look, Outcome, Reason

FRESH = 5.0  # s for which what the canaries said holds
# What a network of ours that is broken looks like; an answer, however wrong, came from outside.
SUSPICIOUS = {Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT, Reason.PROTOCOL}
SILENT = SUSPICIOUS | {Reason.NETWORK, Reason.RESOURCES}
CUT_OFF = "This machine was cut off: sites that always answer did not, either."

logger = logging.getLogger(__name__)


@dataclass
class Gate:
    """Asks the canaries, once for all sites that fail at a time; without any it is always open."""

    canaries: Sequence[str]
    look: Callable[[str], Awaitable[Look]]
    is_cut_off: bool = False
    asked_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def doubt(self, verdict: Verdict) -> Verdict:
        """Return what a failure means: an error of ours when nobody else answers either."""
        if not self.canaries or verdict.reason not in SUSPICIOUS:
            return verdict
        async with self.lock:
            if monotonic() - self.asked_at >= FRESH:
                await self.ask()
            cut_off = self.is_cut_off
        return Verdict(Outcome.ERROR, Reason.NETWORK, CUT_OFF) if cut_off else verdict

    async def ask(self) -> None:
        """Ask all canaries; one answer is enough."""
        was_cut_off = self.is_cut_off
        looks = await asyncio.gather(*(self.look(url) for url in self.canaries))
        self.is_cut_off = all(look.reason in SILENT for look in looks)
        self.asked_at = monotonic()
        if self.is_cut_off and not was_cut_off:
            details = "; ".join(f"{look.url}: {look.detail}" for look in looks)
            logger.error("This machine is cut off, no site is told to be down: %s", details)
        elif was_cut_off and not self.is_cut_off:
            logger.warning("This machine is connected again.")
