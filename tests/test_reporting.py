"""What Sentry is told of failures, and what it is never told."""

from collections.abc import Callable
from importlib.metadata import version

import pytest

from quartapp import create_app
from tests.observed import Observed
from tests.receiver import Receiver, find_gone

CANARY = "Zq7canary"
HEADERS = {
    "Authorization": f"Bearer {CANARY}",
    "Baggage": f"sentry-release={CANARY},sentry-trace_id={'c' * 32},given={CANARY}",
    "Content-Type": "application/x-www-form-urlencoded",
    "Cookie": f"given={CANARY}; session={CANARY}",
    "Sentry-Trace": f"{'c' * 32}-{'d' * 16}-1",
    "User-Agent": CANARY,
    "X-Forwarded-For": CANARY,
    "X-Request-ID": "request-of-a-test",
}

Observe = Callable[..., Observed]


def test_failure_is_told_once_with_nothing_that_somebody_sent(
    observe: Observe, receiver: Receiver
) -> None:
    observed = observe(SENTRY_DSN=receiver.dsn)
    found = [
        observed.ask(f"/fail/{number}?given={CANARY}", "POST", f"given={CANARY}", HEADERS).status
        for number in (1, 2)
    ]
    log = observed.stop()

    first, second = receiver.read_events()

    assert found == [500, 500]
    assert [one["exception"]["values"][0]["value"] for one in (first, second)] == [
        "Number 1 is not for us, said 2; token=***",
        "Number 2 is not for us, said 2; token=***",
    ]
    exception = first["exception"]["values"][0]
    assert exception["type"] == "RuntimeError"
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"
    assert all("vars" not in frame for frame in exception["stacktrace"]["frames"])
    assert (
        first.items()
        >= {
            "level": "error",
            "transaction": "/fail/<int:number>",
            "environment": "production",
            "release": f"quartapp@{version('quartapp')}",
            "tags": {"request_id": "request-of-a-test", "trace_id": ""},
        }.items()
    )
    assert {"request", "user", "breadcrumbs", "extra", "modules", "server_name"} & {*first} == set()
    assert CANARY not in receiver.text
    assert CANARY not in log


def test_line_of_the_log_that_is_an_error_is_told_without_its_secrets(
    observe: Observe, receiver: Receiver
) -> None:
    observed = observe(SENTRY_DSN=receiver.dsn, SENTRY_ENVIRONMENT="Berlin")
    assert observed.ask(f"/complain?given={CANARY}").status == 200
    observed.stop()

    (told,) = receiver.read_events()

    assert (told["logger"], told["logentry"], told["environment"]) == (
        "tests.observed_app",
        {"message": "Nobody may log in by password=***"},
        "Berlin",
    )
    assert CANARY not in receiver.text


@pytest.mark.parametrize(
    ("database", "code"), [("", "SQLITE_CONSTRAINT_UNIQUE"), ("postgres_url", "23505")]
)
def test_failure_of_the_database_is_told_by_its_code(
    observe: Observe, receiver: Receiver, request: pytest.FixtureRequest, database: str, code: str
) -> None:
    place = {"DATABASE_URL": request.getfixturevalue(database)} if database else {}
    observed = observe(SENTRY_DSN=receiver.dsn, **place)
    assert observed.ask(f"/clash?given={CANARY}@example.org").status == 500
    log = observed.stop()

    said, failed = receiver.read_events()

    assert said["logentry"] == {"message": f"It clashed: {code}"}
    *causes, own = [one["value"] for one in failed["exception"]["values"]]
    assert ({*causes}, own) == ({code}, "Nobody knows this one.")
    assert f"sqlalchemy.exc.IntegrityError: {code}" in log
    assert CANARY not in receiver.text
    assert CANARY not in log


def test_who_asks_wrongly_is_no_failure(observe: Observe, receiver: Receiver) -> None:
    observed = observe(SENTRY_DSN=receiver.dsn)
    found = [observed.ask(path).status for path in ("/nothing", "/api/v1/entities", "/account/")]
    observed.stop()

    assert found == [404, 401, 303]
    assert receiver.posts == []


def test_sentry_that_is_away_or_answers_nothing_holds_nobody_up(
    observe: Observe, receiver: Receiver
) -> None:
    receiver.may_answer.clear()
    gone = find_gone()
    for one in (receiver, gone):
        observed = observe(SENTRY_DSN=one.dsn)
        found = [observed.ask("/fail/1?given=x").status for _ in range(20)]
        assert found == [500] * 20
        observed.stop()


def test_collector_that_is_away_is_not_told_of(observe: Observe, receiver: Receiver) -> None:
    gone = find_gone()
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": gone.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    observed = observe(SENTRY_DSN=receiver.dsn, OTEL_EXPORTER_OTLP_TIMEOUT="0.2", **traced)
    assert observed.ask("/fail/1?given=x").status == 500
    log = observed.stop()

    (told,) = receiver.read_events()
    assert told["exception"]["values"][0]["type"] == "RuntimeError"
    assert len(told["tags"]["trace_id"]) == 32
    assert '"logger": "opentelemetry' in log


@pytest.mark.parametrize("dsn", ["sentry.example", "https://sentry.example/1", "ftp://key@host/1"])
def test_wrong_address_ends_the_start_and_is_not_said(
    dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="78"):
        create_app({"TESTING": True, "SENTRY_DSN": dsn})

    said = "SENTRY_DSN: a DSN looks like https://key@sentry.example.org/1."
    assert capsys.readouterr().err == f"The settings are wrong:\n  {said}\n"
