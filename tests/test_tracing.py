"""What a collector of OpenTelemetry is told, and that nobody waits for one."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from quartapp import create_app
from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from quartapp.security import hash_token
from quartapp.tracing import watch_statements
from tests.helpers import UNKNOWN_TOKEN
from tests.observed import Observed
from tests.receiver import Receiver, find_gone

CANARY = "Zq7canary"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SERVER, CLIENT = 2, 3  # kinds of spans

Observe = Callable[..., Observed]


def trace(receiver: Receiver, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100", **more}


def test_request_is_told_by_its_route_and_each_statement_below_it(
    observe: Observe, receiver: Receiver
) -> None:
    observed = observe(**trace(receiver, READ_BATCHES="false"))
    headers = {"Authorization": f"Bearer {UNKNOWN_TOKEN}", "X-Request-ID": "request-of-a-test"}
    assert observed.ask("/api/v1/entities/123454321", headers=headers).status == 401
    observed.stop()

    asked, begun, looked_up = receiver.read_spans()

    route = "/api/v1/entities/<id:entity_id>"
    assert asked | {"trace": "", "id": ""} == {
        "name": f"GET {route}",
        "kind": SERVER,
        "trace": "",
        "id": "",
        "parent": "",
        "failed": False,
        "said": ["", ""],
        "attributes": {
            "http.request.method": "GET",
            "http.route": route,
            "http.response.status_code": 401,
            "quartapp.request_id": "request-of-a-test",
        },
    }
    assert (begun["name"], begun["parent"]) == ("BEGIN", asked["id"])
    asked_for = looked_up["attributes"].pop("db.query.text")
    assert "FROM api_token JOIN user" in asked_for.replace('"', "").replace("\n", "")
    assert looked_up | {"id": ""} == {
        "name": "SELECT",
        "kind": CLIENT,
        "trace": asked["trace"],
        "id": "",
        "parent": asked["id"],
        "failed": False,
        "said": ["", ""],
        "attributes": {"db.system.name": "sqlite", "db.operation.name": "SELECT"},
    }


def test_nothing_that_somebody_sent_is_told(observe: Observe, receiver: Receiver) -> None:
    observed = observe(**trace(receiver, READ_BATCHES="false"))
    given = f"given={CANARY}"
    headers = {
        "Authorization": f"Bearer {UNKNOWN_TOKEN}",
        "Cookie": given,
        "User-Agent": CANARY,
        "Tracestate": f"a={CANARY}",
        "Baggage": given,
        "Traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    found = [
        observed.ask(path, method, given if method == "POST" else None, headers).status
        for method, path in (
            ("GET", f"/api/v1/entities?token={CANARY}"),
            ("GET", f"/{CANARY}"),
            ("POST", f"/fail/1?{given}"),
            ("POST", f"/auth/login?{given}"),
            (CANARY.upper(), "/"),
        )
    ]
    observed.stop()

    assert (found[:3], len(receiver.read_spans()) >= 5) == ([401, 404, 500], True)
    for secret in (CANARY, CANARY.upper(), UNKNOWN_TOKEN, hash_token(UNKNOWN_TOKEN)):
        assert secret not in receiver.text


async def test_failure_of_a_statement_is_told_by_its_kind_and_workers_are_in_no_trace(
    postgres_url: str,
) -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer, engine = provider.get_tracer("test"), make_engine(parse_url(postgres_url))
    watch_statements(engine.sync_engine, tracer)
    count = text("SELECT CAST(CAST(:value AS TEXT) AS INTEGER)")

    async with engine.connect() as connection:
        await connection.execute(count, {"value": "7"})
        assert spans.get_finished_spans() == ()
        with tracer.start_as_current_span("a request"), pytest.raises(DBAPIError, match=CANARY):
            await connection.execute(count, {"value": CANARY})
    await engine.dispose()

    told, _ = spans.get_finished_spans()
    assert (told.name, dict(told.attributes or {}), told.status.status_code.name) == (
        "SELECT",
        {
            "db.system.name": "postgresql",
            "db.operation.name": "SELECT",
            "db.query.text": "SELECT CAST(CAST($1 AS TEXT) AS INTEGER)",
            "error.type": "22P02",
        },
        "ERROR",
    )
    assert CANARY not in told.to_json()


def test_failure_is_marked_and_its_trace_is_in_the_log(
    observe: Observe, receiver: Receiver
) -> None:
    observed = observe(**trace(receiver))
    headers = {"Traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    reply = observed.ask("/fail/7?given=x", headers=headers)
    log = observed.stop()

    (span,) = receiver.read_spans()

    assert (span["name"], span["failed"], span["parent"]) == (
        "GET /fail/<int:number>",
        True,
        "b7ad6b7169203331",
    )
    assert span["attributes"]["error.type"] == "500"
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = [line for line in lines if "exception" in line]
    assert [(line["trace_id"], line["request_id"]) for line in told] == [
        (TRACE, reply.headers["x-request-id"])
    ]
    assert span["trace"] == TRACE
    assert all("trace_id" not in line for line in lines if line not in told)


def test_probes_are_not_traced(observe: Observe, receiver: Receiver) -> None:
    observed = observe(**trace(receiver))
    assert [observed.ask(path).status for path in ("/livez", "/readyz")] == [200, 200]
    observed.stop()

    assert receiver.posts == []


def test_settings_of_opentelemetry_count(
    observe: Observe, receiver: Receiver, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("x-key=let%20me%20in\n")
    more = {"OTEL_SERVICE_NAME": "sites of Berlin", "OTEL_EXPORTER_OTLP_HEADERS_FILE": str(key)}
    observed = observe(**trace(receiver, **more))
    observed.ask("/auth/login")
    observed.stop()

    path, headers, body = receiver.posts[0]
    assert (path, headers["x-key"], b"sites of Berlin" in body) == ("/v1/traces", "let me in", True)


def test_collector_that_answers_nothing_holds_nobody_up(
    observe: Observe, receiver: Receiver
) -> None:
    receiver.may_answer.clear()
    observed = observe(**trace(receiver, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="5"))
    while not receiver.posts:
        assert observed.ask("/auth/login").status == 200
    found = {observed.ask("/auth/login").status for _ in range(50)}
    began = time.monotonic()
    observed.stop()

    assert found == {200}
    assert time.monotonic() - began < 20  # an export of its own would take 10 s, several of them


def test_collector_that_is_away_is_an_error_of_nobody(observe: Observe) -> None:
    gone = find_gone()
    observed = observe(**trace(gone))
    assert [observed.ask("/auth/login").status for _ in range(20)] == [200] * 20
    assert "Traceback" not in observed.stop()


@pytest.mark.parametrize(
    ("package", "given", "said"),
    [
        (
            "opentelemetry.exporter.otlp.proto.http",
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
            "OTEL_EXPORTER_OTLP_ENDPOINT: this needs: pip install 'quartapp[otel]'.",
        ),
        (
            "sentry_sdk",
            {"SENTRY_DSN": "https://key@sentry.example/1"},
            "SENTRY_DSN: this needs: pip install 'quartapp[sentry]'.",
        ),
    ],
)
def test_setting_without_its_extra_ends_the_start(
    package: str,
    given: dict[str, Any],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(SystemExit, match="78"):
        create_app({"TESTING": True, **given})

    assert capsys.readouterr().err == f"The settings are wrong:\n  {said}\n"
