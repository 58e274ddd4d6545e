"""How many requests there were, and how long they took, by route."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram
from quart import Quart, Response, g, request
from quart.signals import request_finished, request_started

METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
OTHER = "other"  # what clients may choose freely is no label: there is no end of it
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # s


def watch_requests(app: Quart, registry: CollectorRegistry) -> None:
    count = Counter(
        "quartapp_http_requests",
        "Answers by method, template of the address, and status.",
        ["method", "route", "status"],
        registry=registry,
    )
    took = Histogram(
        "quartapp_http_request_seconds",
        "From a request's head to the head of its answer.",
        ["method", "route"],
        buckets=BUCKETS,
        registry=registry,
    )

    async def begin(_app: Quart) -> None:
        g.metrics_began = perf_counter()

    async def end(_app: Quart, response: Response) -> None:
        method, route = name_request()
        count.labels(method, route, response.status_code).inc()
        took.labels(method, route).observe(perf_counter() - g.metrics_began)

    request_started.connect(begin, app, weak=False)
    request_finished.connect(end, app, weak=False)


def name_request() -> tuple[str, str]:
    method = request.method if request.method in METHODS else OTHER
    return method, request.url_rule.rule if request.url_rule else OTHER
