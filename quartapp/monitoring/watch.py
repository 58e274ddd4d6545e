"""The watcher: claims what is due, looks at it, judges and records what was seen, in batches."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic

from quartapp.database import classify
from quartapp.errors import UnavailableError
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.expectation import Verdict
from quartapp.models.look import Look, Outcome, Reason
from quartapp.models.share import Shares, find_share
from quartapp.monitoring.gate import Gate
from quartapp.monitoring.inspector import Inspector
from quartapp.monitoring.lag import LagMeter
from quartapp.monitoring.reader import Reader
from quartapp.monitoring.rest import keep_resting
from quartapp.monitoring.retain import keep_results, keep_rolling_up
from quartapp.monitoring.trouble import report_trouble
from quartapp.services.check import adopt_entities
from quartapp.services.claim import Job, ask_time, claim_checks, has_due_checks, release_jobs
from quartapp.services.result import Report, record_reports

POLL = 0.5  # s between two looks for what is due
ADOPT = 60.0  # s between two looks for sites that another version has added
BREATH = 0.2  # s in which slots get free, when all were taken: some at once cost less
SEEK = 1.0  # s until others' sites are looked for again behind those of the busiest owners
BATCH, GATHER = 500, 0.2  # reports of one transaction, and s to wait for more of them
MARGIN = 5.0  # s before the lease ends that a look is given up
MAX_CROWDS = 5_000
MAX_PAUSE = 30.0  # s between two tries while the database is away

logger = logging.getLogger(__name__)


@dataclass
class Watcher:
    """What looks at sites for one process."""

    look: Callable[[Job], Awaitable[Look]]
    slots: int = 50  # looks at once
    lease: float = 30.0  # s until another worker may take what this one has not reported
    days: int = 30  # for which results are kept
    gate: Gate | None = None  # tells whether a failure is ours
    inspector: Inspector = field(default_factory=Inspector)
    reader: Reader = field(default_factory=Reader)
    lag: LagMeter = field(default_factory=LagMeter)
    crowds: dict[str, str] = field(default_factory=dict)  # what hosts share: an address, a host
    alone_at: float = float("-inf")  # when nobody else's were found there
    seen: Counter[Outcome] = field(default_factory=Counter)  # what came of looks
    jobs: dict[asyncio.Task[None], Job] = field(default_factory=dict)
    reports: asyncio.Queue[Report | None] = field(default_factory=asyncio.Queue)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Claim no more; what is looked at is still reported."""
        self.stopped.set()
        self.wake.set()

    @property
    def free(self) -> int:
        return self.slots - len(self.jobs)

    @property
    def shares(self) -> Shares:
        """Who has the slots now."""
        jobs = self.jobs.values()
        busy = Counter(self.crowds.get(job.host, job.host) for job in jobs)
        owners = Counter(job.owner_id for job in jobs)
        is_seeking = monotonic() - self.alone_at >= SEEK
        return Shares(busy, owners, self.crowds, find_share(self.slots), is_seeking)

    def note_crowd(self, host: str, lane: str) -> None:
        """Remember whom *host* has to share with others, for as long as there is room."""
        if len(self.crowds) >= MAX_CROWDS:
            self.crowds.clear()
        self.crowds[host] = lane


async def run_checks(watcher: Watcher, patience: float) -> None:
    """Look at what is due until the watcher stops; then wait *patience* s for what is under way."""
    recorder = asyncio.create_task(keep_records(watcher))
    helpers = [
        asyncio.create_task(watcher.lag.run()),
        asyncio.create_task(keep_adopting()),
        asyncio.create_task(keep_resting()),
        asyncio.create_task(keep_rolling_up()),
        asyncio.create_task(keep_results(watcher.days)),
    ]
    try:
        await keep_claiming(watcher)
        if watcher.jobs:
            await asyncio.wait(watcher.jobs, timeout=patience)
    finally:
        left = await give_up(watcher)
        watcher.reports.put_nowait(None)
        await recorder
        for helper in helpers:
            helper.cancel()
        await asyncio.wait(helpers)  # who is cut off in a statement still closes its connection
        await release(left)


async def give_up(watcher: Watcher) -> list[Job]:
    """End what is still looking; return what it looked at."""
    left = dict(watcher.jobs)
    for task in left:
        task.cancel()
    done = await asyncio.gather(*left, return_exceptions=True)
    return [job for job, end in zip(left.values(), done, strict=True) if end is not None]


async def release(jobs: list[Job]) -> None:
    try:
        async with db.begin() as session:
            await release_jobs(session, jobs, await ask_time(session))
    except Exception as error:  # noqa: BLE001 (the lease ends by itself)
        report_trouble(error, f"{len(jobs)} looks could not be given back")


async def keep_claiming(watcher: Watcher) -> None:
    pause = POLL
    while not watcher.stopped.is_set():
        try:
            pause = BREATH if await start_due(watcher) else POLL
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            pause = min(max(pause, POLL) * 2, MAX_PAUSE)
            report_trouble(error, f"The checks wait {pause:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(watcher.stopped.wait(), pause)
        await wait_for_slot(watcher)


async def keep_adopting() -> None:
    while True:
        try:
            async with db.begin() as session:
                await adopt_entities(session, await ask_time(session))
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, "Sites without a check are looked for later")
        await asyncio.sleep(ADOPT)


async def wait_for_slot(watcher: Watcher) -> None:
    while not watcher.free and not watcher.stopped.is_set():
        watcher.wake.clear()
        await watcher.wake.wait()


async def start_due(watcher: Watcher) -> bool:
    """Start to look at what is due; True when there may be more of it."""
    free = watcher.free
    jobs = await claim(watcher, free)
    for job in jobs:
        task = asyncio.create_task(work(watcher, job))
        watcher.jobs[task] = job
        task.add_done_callback(partial(leave, watcher))
    return len(jobs) == free


async def claim(watcher: Watcher, limit: int) -> list[Job]:
    async with db.read() as session:
        if not await has_due_checks(session, await ask_time(session)):
            return []
    async with db.begin() as session:
        lease = timedelta(seconds=watcher.lease)
        now = await ask_time(session)
        shares = watcher.shares
        jobs = await claim_checks(session, now=now, lease=lease, limit=limit, shares=shares)
    if shares.is_alone:
        watcher.alone_at = monotonic()
    return jobs


def leave(watcher: Watcher, task: asyncio.Task[None]) -> None:
    del watcher.jobs[task]
    watcher.wake.set()


async def work(watcher: Watcher, job: Job) -> None:
    began = monotonic()
    look = await look_at(watcher, job)
    if look.lane:
        watcher.note_crowd(job.host, look.lane)
        if look.reason is Reason.LAG:  # its turn comes, and a slot is not held until then
            await release([job])
            return
    verdict = await judge(watcher, job, look, began)
    inspection = await watcher.inspector.inspect(job, look)
    reading = await watcher.reader.read(job, look, verdict)
    watcher.reports.put_nowait(Report(job, look, verdict, inspection, reading))


async def look_at(watcher: Watcher, job: Job) -> Look:
    """Look while the claim holds; what goes wrong here is an error of ours."""
    try:
        async with asyncio.timeout(watcher.lease - MARGIN):
            return await watcher.look(job)
    except TimeoutError:
        reason, detail = Reason.LAG, "It waited too long for its turn."
    except Exception:
        logger.exception("A look at %s failed.", job.url)
        reason, detail = Reason.INTERNAL, "This is a defect of ours; the log tells more."
    return Look(job.url, utcnow(), reason=reason, detail=detail)


async def judge(watcher: Watcher, job: Job, look: Look, began: float) -> Verdict:
    verdict = await watcher.reader.judge(job, look)
    return await doubt(watcher, began, verdict) if verdict.outcome is Outcome.FAIL else verdict


async def doubt(watcher: Watcher, began: float, verdict: Verdict) -> Verdict:
    """Return what a failure means: an error where it may be this machine's."""
    if watcher.lag.was_late_since(began):
        return Verdict(Outcome.ERROR, Reason.LAG, "This process was too busy to measure.")
    return await watcher.gate.doubt(verdict) if watcher.gate else verdict


async def keep_records(watcher: Watcher) -> None:
    """Record what is reported, many at once, until None is."""
    is_last = False
    while not is_last:
        batch = [await watcher.reports.get()]
        if watcher.reports.qsize() < BATCH:
            await asyncio.sleep(GATHER)
        while len(batch) < BATCH and not watcher.reports.empty():
            batch.append(watcher.reports.get_nowait())
        is_last = None in batch
        await record(watcher, [report for report in batch if report])


async def record(watcher: Watcher, batch: list[Report]) -> None:
    """Record until the database has it, or others have the claims."""
    deadline = monotonic() + watcher.lease
    while batch and monotonic() < deadline:
        try:
            await write(batch)
            watcher.seen.update(report.verdict.outcome for report in batch)
            return
        except Exception as error:  # noqa: BLE001 (the loop goes on)
            report_trouble(error, f"{len(batch)} results are not recorded yet")
            if not isinstance(classify(error), UnavailableError):
                await record_each(batch)
                return
        await asyncio.sleep(POLL)


async def record_each(batch: list[Report]) -> None:
    """Let one result that cannot be kept cost no other; its site is looked at again."""
    for report in batch:
        try:
            await write([report])
        except Exception:
            logger.exception("The result of %s is lost.", report.job.url)


async def write(batch: list[Report]) -> None:
    async with db.begin() as session:
        await record_reports(session, batch, await ask_time(session))
