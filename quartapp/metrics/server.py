"""The figures of a worker, which serves nothing else: in a thread, at an address of its own."""

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from quartapp.metrics.vitals import WorkerVitals
from quartapp.monitoring.watch import Watcher


def serve_worker(watcher: Watcher, host: str, port: int) -> None:
    """Serve until the process ends; OSError when the address cannot be had."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(WorkerVitals(watcher))
    start_http_server(port, host, registry)
