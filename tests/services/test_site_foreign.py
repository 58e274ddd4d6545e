"""What comes of the files of Uptime Kuma and Gatus, and that nothing is left out untold."""

import json
from pathlib import Path
from typing import Any

import pytest

from quartapp.services.site_file import Row
from quartapp.services.site_foreign import read_seconds
from quartapp.services.site_gatus import read_gatus
from quartapp.services.site_kuma import read_kuma

EXAMPLES = Path(__file__).with_name("examples")
KUMA, GATUS = ((EXAMPLES / name).read_text() for name in ("kuma.json", "gatus.yaml"))
UP = {"is_paused": False, "interval": 60, "statuses": "200-299"}


def list_sites(rows: list[Row]) -> dict[str, tuple[Any, ...]]:
    """Return name, group, way and what was left out of those that can be added."""
    found = [row for row in rows if not row.fault]
    return {
        row.values["name"]: (row.values["group"], row.values["check"], ", ".join(row.left_out))
        for row in found
    }


def test_monitors_of_uptime_kuma_are_read() -> None:
    rows, rest = read_kuma(KUMA)

    assert rest == ["notificationList"]
    assert list_sites(rows) == {
        "Front page": (
            "Shop",
            {**UP, "interval": 30, "down_after": 3},
            "headers (X-Api-Key), notificationIDList, interval (it is 30 s here)",
        ),
        "Search": (
            "Shop",
            {**UP, "down_after": 10, "present": "Results"},
            "tags, maxretries (it is 10 here), timeout",
        ),
        "No errors": (
            "",
            {**UP, "is_paused": True, "down_after": 1, "absent": "Fatal"},
            "ignoreTls, timeout",
        ),
        "Health": (
            "",
            {
                **UP,
                "down_after": 1,
                "statuses": "200, 300-399",
                "json_path": "$.status.db",
                "json_value": "up",
            },
            "timeout",
        ),
        "Query": ("", {**UP, "down_after": 1}, "maxredirects, timeout, jsonPath"),
    }
    front = rows[0]
    assert (front.line, KUMA.splitlines()[front.line - 1].strip()) == (106, "{")
    assert front.values["url"] == "https://shop.example.com/"
    assert front.values["content"] == "What people see"


def test_monitors_of_uptime_kuma_that_do_not_fit_say_why() -> None:
    rows, _ = read_kuma(KUMA)

    assert [row.fault for row in rows if row.fault] == [
        *(
            f"{name}: monitors of type {kind} have no counterpart"
            for name, kind in (
                *(("Router", "ping"), ("Port", "port"), ("Resolver", "dns")),
                *(("Cron", "push"), ("Web", "docker")),
            )
        ),
        "Login: authMethod basic: sites are asked without a login",
        "Form: method POST: sites are asked by GET",
        "Closed: upsideDown: a site that answers is not down here",
    ]


def test_endpoints_of_gatus_are_read() -> None:
    rows, rest = read_gatus(GATUS)

    assert rest == ["metrics", "alerting", "defaults", "external-endpoints"]
    assert list_sites(rows) == {
        "front-end": (
            "core",
            {
                **UP,
                **{"interval": 90, "down_after": 5, "up_after": 2, "statuses": "200"},
                **{"json_path": "$.status", "json_value": "UP"},
            },
            "headers (Authorization-Key), alerts (slack), [RESPONSE_TIME] < 150",
        ),
        "back-end": (
            "core",
            {**UP, "interval": 300, "statuses": "200"},
            "client.insecure, client.timeout",
        ),
        "health (core)": (
            "core",
            {
                **UP,
                **{"is_paused": True, "statuses": "200, 204, 429"},
                **{"present": "<h1>Welcome", "absent": "error"},
            },
            "[CERTIFICATE_EXPIRATION] > 48h",
        ),
        "health (shop)": (
            "shop",
            {**UP, "interval": 30, "statuses": "100-599"},
            "interval (it is 30 s here)",
        ),
    }
    assert rows[2].values["url"] == "https://a.example.com/?price=$5"
    assert GATUS.splitlines()[rows[2].line - 1] == "  - name: health"


def test_endpoints_of_gatus_that_do_not_fit_say_why() -> None:
    rows, _ = read_gatus(GATUS)

    assert [row.fault for row in rows if row.fault] == [
        "example-dns-query: dns has no counterpart",
        "icmp-ping: endpoints of icmp have no counterpart",
        "search: method POST: sites are asked by GET",
        "variable: ${HOST} is a variable of the machine that Gatus runs on",
        "behind-login: client.oauth2: sites are asked directly, and without a login",
    ]


def test_no_secret_is_told() -> None:
    for rows, rest in (read_kuma(KUMA), read_gatus(GATUS)):
        assert "secret-value" not in repr((rows, rest))


def read_one(*conditions: str) -> Row:
    endpoint = {"name": "a", "url": "https://a.example/", "conditions": conditions}
    rows, _ = read_gatus(json.dumps({"endpoints": [endpoint]}))
    return rows[0]


@pytest.mark.parametrize(
    ("conditions", "statuses"),
    [
        (["[STATUS] < 300"], "100-299"),
        (["[STATUS] >= 200", "[STATUS] <= 299"], "200-299"),
        (["[STATUS] != 500"], "100-499, 501-599"),
        (["[STATUS] == any(200, 201,202)"], "200-202"),
        (["[STATUS] != any(404, 500)"], "100-403, 405-499, 501-599"),
        (["[STATUS] > 199", "[STATUS] < 201"], "200"),
        ([], "100-599"),
    ],
)
def test_conditions_of_statuses_come_to_one_list(conditions: list[str], statuses: str) -> None:
    row = read_one(*conditions)
    assert (row.values["check"]["statuses"], row.left_out) == (statuses, ())


@pytest.mark.parametrize(
    "condition",
    [
        "[BODY] == exactly",
        "[BODY] == pat(a*b)",
        "[BODY] == pat(*a?b*)",
        "[BODY] == pat(*</h1>*)",  # Gatus drops slashes before it compares
        "[BODY].a == any(1, 2)",
        "[BODY].a > 5",
        "len([BODY].items) == 5",
        "has([BODY].errors) == false",
        "[IP] == 192.0.2.1",
        "[STATUS] == pat(2*)",
        "[DOMAIN_EXPIRATION] > 720h",
        "[CONNECTED] == false",
        "nonsense",
    ],
)
def test_condition_without_a_counterpart_is_told(condition: str) -> None:
    row = read_one("[STATUS] == 200", condition)
    assert row.left_out == (condition,)
    assert row.values["check"].keys() == {"is_paused", "interval", "statuses"}


def test_second_word_is_told() -> None:
    row = read_one("[BODY] == pat(*one*)", "[BODY] == pat(*two*)", "[BODY].a == 1", "[BODY].b == 1")
    assert row.left_out == ("[BODY] == pat(*two*)", "[BODY].b == 1")


def test_conditions_that_nothing_meets_are_refused() -> None:
    row = read_one("[STATUS] == 200", "[STATUS] == 201")
    assert row.fault == "a: its conditions let no status be right"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h2m3s", 3723), ("1.5m", 90), ("500ms", 0.5)]
)
def test_durations_of_go_are_read(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds
