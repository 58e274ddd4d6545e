"""Read the pages that looks have fetched, beside the loop, and tell what that moves."""

import asyncio
import logging
from dataclasses import dataclass, field

from quartapp.extensions import db
from quartapp.models.content import Missing, PageText, extract_text
from quartapp.models.expectation import Verdict, judge
from quartapp.models.look import Look, Outcome
from quartapp.models.reading import (
    Kept,
    Plan,
    Reading,
    is_new,
    is_same_answer,
    read_page,
    unpack_watch,
)
from quartapp.services.claim import Job
from quartapp.services.page_watch import load_kept

AT_ONCE = 2  # threads: they share the interpreter with the loop
SMALL = 16 * 1024  # bytes that are read at once: to hand them to a thread would cost more
GATHER = 0.05  # s in which looks ask the database together
BUDGET = 4.0  # s, waiting included: less than the margin of a look's lease

logger = logging.getLogger(__name__)


@dataclass
class Reader:
    """What reads pages for one process; of no page it remembers anything."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    wanted: set[int] = field(default_factory=set)
    loading: asyncio.Task[dict[int, Kept]] | None = None

    async def judge(self, job: Job, look: Look) -> Verdict:
        """Judge a look; a body that is read takes a turn, as large ones take their time."""
        if not job.expected.is_of_body:
            return judge(look, job.expected)
        async with self.turns:
            return await asyncio.to_thread(judge, look, job.expected)

    async def read(self, job: Job, look: Look, verdict: Verdict) -> Reading | None:
        """Return what a look moves of its page; None: nothing, or nobody could tell in time."""
        if verdict.outcome is not Outcome.OK or not job.page.is_on:
            return None
        if len(look.body) <= SMALL and is_same_answer(job.page, look):
            return None
        try:
            async with asyncio.timeout(BUDGET):
                return await self.read_new(job, look)
        except TimeoutError:
            logger.warning("The page of %s was not read in time.", job.url)
        except Exception:
            logger.exception("The page of %s cannot be read.", job.url)
        return None

    async def read_new(self, job: Job, look: Look) -> Reading | None:
        async with self.turns:
            found = await asyncio.to_thread(extract, job.page, look)
        if found is None or not is_new(job.page, found):
            return None
        kept = await self.load(job.entity_id)
        async with self.turns:
            return await asyncio.to_thread(compare, job.page, kept, found, look)

    async def load(self, entity_id: int) -> Kept | None:
        """Load what is known of a page, together with those that others ask for meanwhile."""
        if self.loading is None:
            self.wanted = set()
            self.loading = asyncio.create_task(self.load_wanted(self.wanted))
        self.wanted.add(entity_id)
        kept = await asyncio.shield(self.loading)  # who gives up ends it for nobody else
        return kept.get(entity_id)

    async def load_wanted(self, entity_ids: set[int]) -> dict[int, Kept]:
        await asyncio.sleep(GATHER)
        self.loading = None  # who comes now is of the next
        async with db.read() as session:
            return await load_kept(session, entity_ids)


def extract(plan: Plan, look: Look) -> PageText | Missing | None:
    return None if is_same_answer(plan, look) else extract_text(look, plan.lens)


def compare(plan: Plan, kept: Kept | None, found: PageText | Missing, look: Look) -> Reading | None:
    return read_page(plan, unpack_watch(kept, plan.lens), found, look)
