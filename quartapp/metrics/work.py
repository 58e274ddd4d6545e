"""What waits for workers, as the database has it; no worker tells, as none may be there."""

import asyncio
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.models.system import Queue
from quartapp.services.claim import ask_time
from quartapp.services.system import describe_work

PATIENCE = 2.0  # s for the database; Prometheus waits ten


class Waiting(Collector):
    """The queues at one moment; None: the database is away."""

    def __init__(self, queues: list[Queue] | None) -> None:
        self.queues = queues

    def collect(self) -> Iterator[Metric]:
        text = "1 when the database answers."
        yield GaugeMetricFamily("quartapp_database_up", text, value=self.queues is not None)
        due = make_gauge("due", "Looks, mails and deliveries that are due.")
        late = make_gauge("late_seconds", "How long the oldest that is due waits.")
        later = make_gauge("later", "What is planned for later.")
        for queue in self.queues or ():
            due.add_metric([queue.work.value], queue.due)
            late.add_metric([queue.work.value], queue.late)
            later.add_metric([queue.work.value], queue.later)
        yield from (due, late, later)


def make_gauge(name: str, text: str) -> Any:
    return GaugeMetricFamily(f"quartapp_work_{name}", text, labels=["work"])


async def describe_waiting() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Waiting(await load_queues()))
    return registry


async def load_queues() -> list[Queue] | None:
    try:
        async with asyncio.timeout(PATIENCE), db.read() as session:
            queues, _ = await describe_work(session, await ask_time(session))
            return queues
    except Exception as error:
        if not isinstance(error, TimeoutError) and classify(error) is None:
            raise
        return None
