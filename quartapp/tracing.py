"""Traces for OpenTelemetry: requests by their routes, statements without their values.

Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set. Nothing that somebody sent is in a span, which
is why OpenTelemetry's own instrumentations are not used: that of ASGI notes addresses with their
queries, that of SQLAlchemy what drivers say of a failure, where they quote values.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPMethod
from threading import Thread
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers
from quart import Quart, request
from quart.signals import request_started
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext, ExecutionContext

from quartapp.app import QuartApp
from quartapp.asgi.overload import ALWAYS
from quartapp.log import trace_id
from quartapp.log.failures import name_error
from quartapp.system.process import read_versions

GOODBYE = 2.0  # s for the last spans of a process that stops
LONGEST = 2_000  # characters of a statement
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

traceparent = TraceContextTextMapPropagator()


def init_app(app: QuartApp) -> None:
    provider = TracerProvider(resource=describe_process(), shutdown_on_exit=False)
    tracer = provider.get_tracer("quartapp")
    traced: Any = Tracing(app.asgi_app, tracer)
    app.asgi_app = traced  # type: ignore[method-assign]
    request_started.connect(name_request, app)
    watch_statements(app.extensions["database"].engine.sync_engine, tracer)

    async def start() -> None:
        """Export in the background of the process that serves; commands have no traces."""
        provider.add_span_processor(BatchSpanProcessor(make_exporter(app)))

    async def stop() -> None:
        ending = Thread(target=provider.shutdown, daemon=True)  # may wait for a dead collector
        ending.start()
        await asyncio.to_thread(ending.join, GOODBYE)

    app.before_serving(start)
    app.after_serving(stop)


def describe_process() -> Resource:
    """Name this program; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES count more."""
    own = Resource({"service.name": "quartapp", "service.version": read_versions()["quartapp"]})
    return own.merge(OTELResourceDetector().detect())


def make_exporter(app: Quart) -> OTLPSpanExporter:
    headers = parse_env_headers(app.config["OTEL_EXPORTER_OTLP_HEADERS"], liberal=True)
    endpoint = app.config["OTEL_EXPORTER_OTLP_ENDPOINT"]
    return OTLPSpanExporter(f"{endpoint}/v1/traces", headers=headers)


# --- requests


class Tracing:
    """A span around each request but those for health; what it is called, `name_request` knows."""

    def __init__(self, inner: Callable[..., Awaitable[None]], tracer: Tracer) -> None:
        self.inner = inner
        self.tracer = tracer

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self.inner(scope, receive, send)
            return
        method = name_method(scope["method"])
        with self.tracer.start_as_current_span(
            method,
            context=find_parent(scope["headers"]),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            token = trace_id.set(name_trace(span))
            try:
                await self.inner(scope, receive, note_answer(span, send))
            finally:
                trace_id.reset(token)


def find_parent(headers: list[tuple[bytes, bytes]]) -> Context:
    """Return the span of who asks; of what came along nothing else is taken over."""
    given = [value.decode("latin1") for name, value in headers if name == b"traceparent"]
    return traceparent.extract({"traceparent": given}, Context())


def name_trace(span: Span) -> str:
    context = span.get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""  # OTEL_SDK_DISABLED


def note_answer(span: Span, send: Send) -> Send:
    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            describe_answer(span, message["status"], dict(message["headers"]))
        await send(message)

    return note


def describe_answer(span: Span, status: int, headers: dict[bytes, bytes]) -> None:
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("quartapp.request_id", headers.get(b"x-request-id", b"").decode())
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)


async def name_request(_app: Quart, **_: object) -> None:
    if rule := request.url_rule:
        span = get_current_span()
        span.update_name(f"{name_method(request.method)} {rule.rule}")
        span.set_attribute("http.route", rule.rule)


def name_method(method: str) -> str:
    return method if method in HTTPMethod.__members__ else "_OTHER"


# --- statements


def watch_statements(engine: Engine, tracer: Tracer) -> None:
    """Let each statement of a request be a span; those of workers belong to no trace."""
    system = engine.dialect.name

    def begin(_0: object, _1: object, statement: str, _2: object, context: Any, _3: object) -> None:
        if context is not None and get_current_span().is_recording():
            operation = (statement.split(None, 1) or [system])[0].upper()
            described = {"db.system.name": system, "db.operation.name": operation}
            text = {"db.query.text": statement[:LONGEST]}
            context.quartapp_span = tracer.start_span(
                operation, kind=SpanKind.CLIENT, attributes=described | text
            )

    def end(_0: object, _1: object, _2: object, _3: object, context: Any, _4: object) -> None:
        if span := take_span(context):
            span.end()

    def fail(failure: ExceptionContext) -> None:
        if span := take_span(failure.execution_context):
            span.set_attribute("error.type", name_error(failure.original_exception))
            span.set_status(StatusCode.ERROR)
            span.end()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def take_span(context: ExecutionContext | None) -> Span | None:
    """Return the span of a statement, once; what SQLAlchemy asks for itself has no context."""
    return None if context is None else vars(context).pop("quartapp_span", None)
