"""What a process knows of itself, read when it is asked."""

import platform
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from quartapp.app import QuartApp
from quartapp.monitoring.watch import Watcher
from quartapp.system import Vitals as Memory
from quartapp.system.process import read_version
from quartapp.system.report import describe_pool


class Vitals(Collector):
    """A process that serves."""

    def __init__(self, app: QuartApp) -> None:
        self.app = app

    def describe(self) -> list[Metric]:
        return []  # or the registry would ask for figures before there is anything to tell

    def collect(self) -> Iterator[Metric]:
        app = self.app
        shelf = app.extensions.get("cache")
        memory: Memory = app.extensions["vitals"]
        pool = describe_pool()
        yield describe_build()
        yield make_gauge("http_requests_in_flight", "Requests under way.", app.in_flight)
        yield make_count("http_requests_refused", "Refused for MAX_IN_FLIGHT.", {"": app.refused})
        yield make_gauge("sockets", "Web sockets that are open.", len(app.sockets))
        yield make_gauge("draining", "1 while it is about to stop.", int(app.draining))
        yield describe_lag(memory.lag.worst)
        yield make_gauge("database_connections", "Connections in use.", pool.used)
        yield make_gauge("database_connections_limit", "DATABASE_POOL_SIZE.", pool.size)
        if shelf is not None:
            found = {"hit": shelf.hits, "miss": shelf.misses}
            yield make_count("cache_lookups", "Looks into the cache.", found, "result")
        if watcher := app.extensions.get("watcher"):
            yield from describe_looks(watcher)


class WorkerVitals(Collector):
    """A worker."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def collect(self) -> Iterator[Metric]:
        yield describe_build()
        yield describe_lag(self.watcher.lag.worst)
        yield from describe_looks(self.watcher)


def describe_looks(watcher: Watcher) -> Iterator[Metric]:
    seen = {str(outcome.value): number for outcome, number in watcher.seen.items()}
    yield make_count("looks", "Looks that were recorded, by what came of them.", seen, "outcome")
    yield make_gauge("looks_in_flight", "Sites that are looked at.", len(watcher.jobs))
    yield make_gauge("looks_limit", "CHECK_SLOTS.", watcher.slots)


def describe_build() -> Metric:
    names = ["version", "python"]
    build = GaugeMetricFamily("quartapp_build_info", "What runs.", labels=names)
    build.add_metric([read_version("quartapp"), platform.python_version()], 1)
    return build


def describe_lag(lag: float) -> Metric:
    text = "How late the event loop was at most in the last minute."
    return make_gauge("event_loop_lag_seconds", text, lag)


def make_gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"quartapp_{name}", text, value=value)


def make_count(name: str, text: str, values: dict[str, int], label: str = "") -> Metric:
    """Return a counter; of several values when they have a label."""
    counted = CounterMetricFamily(f"quartapp_{name}", text, labels=[label] if label else [])
    for key, value in values.items():
        counted.add_metric([key] if label else [], value)
    return counted
