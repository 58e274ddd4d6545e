"""A server of somebody else that takes what is posted: a collector of traces, or Sentry."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.processes import free_port


@dataclass
class Receiver:
    """What came: of each post its path, its headers and its body."""

    port: int
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.port}/7"

    @property
    def text(self) -> str:
        return "\n".join(body.decode(errors="replace") for _, _, body in self.posts)

    def read_spans(self) -> list[dict[str, Any]]:
        """Return the spans that came, with what matters of them, in the order of their start."""
        found = [
            span
            for _, _, body in self.posts
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [read_span(span) for span in sorted(found, key=lambda one: one.start_time_unix_nano)]

    def read_events(self) -> list[dict[str, Any]]:
        """Return the events of the envelopes that came."""
        lines = [json.loads(line) for line in self.text.splitlines() if line]
        return [event for head, event in pairwise(lines) if is_event(head)]


def is_event(head: dict[str, Any]) -> bool:
    return head.get("type") == "event" and "length" in head


def read_span(span: Any) -> dict[str, Any]:
    values = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
    return {
        "name": span.name,
        "kind": span.kind,
        "trace": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "failed": span.status.code == 2,
        "said": [span.status.message, *(one.name for one in span.events), span.trace_state],
        "attributes": values,
    }


def find_gone() -> Receiver:
    """Return one that is away: nobody else gets its port."""
    return Receiver(free_port())


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take what is posted to a free port of this machine, and answer once `may_answer` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.posts.append((self.path, dict(self.headers), body))
            receiver.may_answer.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = Receiver(server.server_port)
        receiver.may_answer.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.may_answer.set()
            server.shutdown()
            thread.join()
