"""Files that nobody's program has written: each is refused by one clear line, and soon."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from quartapp.errors import InvalidError
from quartapp.services.site_conditions import MAX_CONDITIONS
from quartapp.services.site_file import Row, read_rows
from quartapp.services.site_gatus import read_gatus
from quartapp.services.site_kuma import read_kuma
from tests.growth import LINEAR, measure_growth

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 30)
)
CHAIN = "a0: &a0 {x: 1}\n" + "".join(
    f"a{number}: &a{number} {{<<: *a{number - 1}}}\n" for number in range(1, 5_000)
)
STEPS = "\n".join(CHAIN.splitlines()[:100])
NOT_YAML = "This is not YAML."
YAML = {
    "laughs": (f"{LAUGHS}endpoints: [*a29]", "Its aliases stand for too much."),
    "merges": (f"{CHAIN}endpoints: [{{<<: *a4999}}]", "Its aliases stand for too much."),
    "steps": (f"{STEPS}\nendpoints: [*a99]", "Its aliases stand for too much."),
    "ring": ("endpoints: &a [*a]", "An alias stands for what it is in."),
    "deep": ("endpoints: " + "[" * 100_000, "Line 1: This is nested too deeply, or too long."),
    "long": (f"endpoints: [{'1,' * 600_000}]", "Line 1: This is nested too deeply, or too long."),
    "object": (
        "endpoints:\n  - !!python/object/apply:os.system [id]",
        "Line 2: Tags are not read.",
    ),
    "own tag": ("endpoints: !mine []", "Line 1: Tags are not read."),
    **{
        f"tag of {value}": (f"endpoints:\n  - enabled: {value}", "Line 2: Tags are not read.")
        for value in ("!!bool foo", "!!timestamp x", "!!int ''", "!!float ''", "!!str x", "! x")
    },
    "key twice": (
        "endpoints:\n  - name: a\n    url: https://a.example/\n    'name': b",
        "Line 4: The key 'name' stands there twice.",
    ),
    "key twice where nothing is read": (
        "alerting: {}\nendpoints: []\nalerting: {}",
        "Line 3: The key 'alerting' stands there twice.",
    ),
    "key twice in an alias": (
        f"a: &a\n  {'x' * 60}: 1\n  {'x' * 60}: 2\nendpoints: [*a]",
        f"Line 3: The key '{'x' * 50}' stands there twice.",
    ),
    "merged twice": (
        "a: &a {x: 1}\nendpoints:\n  - <<: *a\n    <<: *a",
        "Line 4: The key '<<' stands there twice.",
    ),
    "texts": (
        f"a: &a {'x' * 100_000}\nendpoints: [{'{name: *a}, ' * 500}]",
        "Its aliases stand for too much.",
    ),
    "torn": ("endpoints:\n  - name: [", f"Line 3: {NOT_YAML}"),
    "tab": ("endpoints:\n\t- name: a", f"Line 2: {NOT_YAML}"),
    "nul": ("endpoints: \0", NOT_YAML),
    "no alias": ("endpoints: [*gone]", f"Line 1: {NOT_YAML}"),
    "two": ("endpoints: []\n---\nendpoints: []", f"Line 2: {NOT_YAML}"),
    "list": ("- a", "This is YAML, but no mapping with endpoints."),
    "text": ("a", "This is YAML, but no mapping with endpoints."),
    "nothing": ("", "This is YAML, but no mapping with endpoints."),
    "json": ("{}", "This is YAML, but no configuration of Gatus: it has no endpoints."),
    "null": ("endpoints:", "This is YAML, but no configuration of Gatus: it has no endpoints."),
}
NO_BACKUP = "This is JSON, but no backup of Uptime Kuma: it has no monitorList."
JSON = {
    "deep": ("[" * 100_000, "Line 1: This is not JSON."),
    "torn": ('{\n"monitorList": [', "Line 2: This is not JSON."),
    "digits": (f'{{"monitorList": [{"9" * 5_000}]}}', "Line 1: This is not JSON."),
    "nothing": ("", "Line 1: This is not JSON."),
    "number": ("1", NO_BACKUP),
    "other": ("{}", NO_BACKUP),
    "mapping": ('{"monitorList": {"1": {}}}', NO_BACKUP),
}


def refuse(read: Callable[[str], Any], text: str) -> str:
    with pytest.raises(InvalidError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("text", "said"), YAML.values(), ids=YAML)
def test_yaml_is_refused(text: str, said: str) -> None:
    assert refuse(read_gatus, text) == said


@pytest.mark.parametrize(("text", "said"), JSON.values(), ids=JSON)
def test_json_is_refused(text: str, said: str) -> None:
    assert refuse(read_kuma, text) == said


WRONG: list[Any] = [
    None,
    True,
    -1,
    1.5,
    10**30,
    10**400,
    -(10**400),
    "",
    "x",
    [],
    [[]],
    {},
    {"x": []},
    "\x1b[2J\u202e",
]


def list_faults(rows: list[Row]) -> set[str]:
    return {row.fault for row in rows if row.fault}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:20])
def test_values_of_a_wrong_kind_are_faults_of_their_line_at_most(wrong: Any) -> None:
    """Each value of each field in turn; what is told has no control characters."""
    kuma = json.loads(KUMA_SITE)
    monitors = [wrong, *({**kuma, field: wrong} for field in (*kuma, "id", "parent"))]
    endpoint = json.loads(GATUS_SITE)
    endpoints = [wrong, *({**endpoint, field: wrong} for field in endpoint)]
    endpoints += [{**endpoint, "client": {"timeout": wrong}}, {**endpoint, "alerts": [wrong]}]

    for read, name, sites in (
        (read_kuma, "monitorList", monitors),
        (read_gatus, "endpoints", endpoints),
    ):
        rows, _ = read(json.dumps({name: sites, str(wrong): wrong}))
        assert len(rows) == len(sites)
        told = [said for row in rows for said in (row.fault, *row.left_out)]
        assert all(said.isprintable() for said in told)


KUMA_SITE = json.dumps(
    {
        **{"name": "a", "type": "json-query", "url": "https://a.example/", "method": "GET"},
        **{"headers": "{}", "authMethod": None, "interval": 60, "maxretries": 1, "active": 1},
        **{"retryInterval": 60, "timeout": 48, "accepted_statuscodes": ["200"], "tags": []},
        **{"jsonPath": "$", "expectedValue": "1", "maxredirects": 10, "upsideDown": False},
        **{"jsonPathOperator": "==", "description": None, "notificationIDList": {}},
    }
)
GATUS_SITE = json.dumps(
    {
        **{"name": "a", "group": "b", "url": "https://a.example/", "method": "GET"},
        **{"headers": {}, "interval": "1m", "conditions": ["[STATUS] == 200"], "alerts": []},
        **{"client": {}, "enabled": True, "dns": None, "body": "", "ui": {}},
    }
)


NO_NUMBERS = ["1:1", "1:" * 200 + "1.5", "2026-01-01", "0x1", "0o7", "01", "1_0", "9" * 19, ".inf"]


@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: text[:10])
def test_what_is_no_number_is_a_text(text: str) -> None:
    """As in the core of YAML 1.2, which takes these for texts but for some nobody needs."""
    rows, _ = read_gatus(
        "endpoints:\n"
        f"  - {{name: {text}, url: https://a.example/}}\n"
        f"  - {{name: a, url: https://a.example/, alerts: [{{failure-threshold: {text}}}]}}\n"
    )
    assert [(row.line, row.values.get("name"), row.fault) for row in rows] == [
        (2, text, ""),
        (3, None, "a: failure-threshold is not as it should be"),
    ]


def test_key_of_another_mapping_is_no_repetition() -> None:
    rows, _ = read_gatus(
        "usual: &usual {name: usual, interval: 5m, headers: {name: x}}\n"
        "endpoints:\n"
        "  - {<<: *usual, name: a, url: https://a.example/}\n"
        "  - {<<: *usual, name: b, url: https://b.example/}\n"
    )
    assert [(row.values["name"], row.values["check"]["interval"]) for row in rows] == [
        ("a", 300),
        ("b", 300),
    ]


def test_text_costs_no_more_than_its_length() -> None:
    def work(length: int) -> None:
        read_gatus(f"endpoints:\n  - name: {'1:' * length}1")

    assert measure_growth(work, 4_000) < LINEAR


@pytest.mark.parametrize(
    ("seconds", "fault"), [(25, ""), (26, "a: interval is not like 30s or 5m")]
)
def test_duration_has_fifty_characters_at_most(seconds: int, fault: str) -> None:
    endpoint = {**json.loads(GATUS_SITE), "interval": "1s" * seconds}
    rows, _ = read_gatus(json.dumps({"endpoints": [endpoint]}))

    assert [row.fault for row in rows] == [fault]


def test_endpoint_with_too_many_conditions_is_a_fault_of_its_line() -> None:
    endpoint = json.loads(GATUS_SITE)
    conditions = ["[STATUS] < 300"] * (MAX_CONDITIONS + 1)
    sites = [{**endpoint, "conditions": some} for some in (conditions, conditions[1:])]
    rows, _ = read_gatus(json.dumps({"endpoints": sites}))

    assert [row.fault for row in rows] == ["a: it has more than 30 conditions", ""]


@pytest.mark.parametrize(("read", "name"), [(read_kuma, "monitorList"), (read_gatus, "endpoints")])
def test_too_many_sites_are_refused_before_they_are_read(
    read: Callable[[str], Any], name: str
) -> None:
    text = json.dumps({name: [1] * 5_001})
    assert refuse(read, text) == "A file may have 5,000 sites at most."
    assert refuse(read, json.dumps({name: []})) == "There is no site in it."


def test_control_characters_reach_no_terminal() -> None:
    site = {**json.loads(KUMA_SITE), "name": "\x1b[2J", "type": "\x1b]0;x\x07"}
    rows, _ = read_kuma(json.dumps([site]))
    assert rows[0].fault == " [2J: monitors of type  ]0;x  have no counterpart"


@pytest.mark.parametrize("name", ["", "x", "name"])
def test_columns_without_end_are_refused_by_the_first_of_them(name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        read_rows(f"name,url,{','.join([name] * 200_000)}\n")
    assert len(caught.value.errors) == 98
