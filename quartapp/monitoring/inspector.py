"""Look for weaknesses in what was fetched anyway, now and then: they seldom come and go."""

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic

from quartapp.models.look import Look, Outcome
from quartapp.models.rules import Inspection, inspect
from quartapp.services.claim import Job

PAUSE = 300.0  # s between two inspections of a site by one process
AT_FIRST = 3  # looks at a new site that are inspected all: so soon is known what is wrong

logger = logging.getLogger(__name__)


@dataclass
class Inspector:
    """Remembers which sites this process has inspected, how often, and when."""

    done: dict[int, tuple[int, float]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # more threads would be no faster

    def is_due(self, entity_id: int) -> bool:
        count, at = self.done.get(entity_id, (0, 0.0))
        return count < AT_FIRST or monotonic() - at >= PAUSE

    async def inspect(self, job: Job, look: Look) -> Inspection | None:
        """Return what is weak by this look; None where it was not inspected."""
        if look.outcome is Outcome.ERROR or not self.is_due(job.entity_id):
            return None
        count, _ = self.done.get(job.entity_id, (0, 0.0))
        self.done[job.entity_id] = count + 1, monotonic()
        async with self.turn:
            found = await asyncio.to_thread(inspect, look)
        for rule, error in found.broken.items():
            logger.error("The rule %s cannot judge %s.", rule, job.url, exc_info=error)
        return found
