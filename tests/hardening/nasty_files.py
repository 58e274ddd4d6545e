"""Files that nobody exported: what an upload may be called, said to be, and contain."""

import json
from typing import Any

from tests.hardening.nasty import MIB

CSV, KUMA, GATUS = "quartapp", "kuma", "gatus"
HEAD = b"name,url\n"
SITE = b"Site %d,https://example.org/%d\n"
NAMES = {CSV: b"sites.csv", KUMA: b"sites.json", GATUS: b"sites.yaml"}
TYPES = [
    *(b"", b"/", b"text/csv; charset=utf-16", b"text/csv; charset=no", b"multipart/mixed"),
    *(b"application/x-gzip", b"a" * 3000, b'text/csv; name="\xff"'),
]


def make_monitors(**given: Any) -> bytes:
    return json.dumps(
        {"monitorList": [{"name": "A", "type": "http", "url": "https://a.test/"} | given]}
    ).encode()


def make_endpoint(lines: bytes) -> bytes:
    return b"endpoints:\n  - name: A\n    url: https://a.test/\n" + lines


LAUGHS = b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (number, number, b", ".join([b"*a%d" % (number - 1)] * 9))
    for number in range(1, 12)
)

# By name: whose format it is said to be, and the bytes.
CONTENTS: dict[str, tuple[str, bytes]] = {
    "right": (CSV, HEAD + SITE % (1, 1)),
    "empty": (CSV, b""),
    "head alone": (CSV, HEAD),
    "BOM": (CSV, b"\xef\xbb\xbf" + HEAD + SITE % (1, 1)),
    "utf-16": (CSV, (HEAD + SITE % (1, 1)).decode().encode("utf-16")),
    "latin-1": (CSV, HEAD + b"Caf\xe9,https://example.org/\n"),
    "nul": (CSV, HEAD + b"a\0b,https://example.org/\n"),
    "lone returns": (CSV, HEAD.replace(b"\n", b"\r") + b"A,https://example.org/\r"),
    "open quote": (CSV, HEAD + b'"A,https://example.org/\n' * 3),
    "quote inside": (CSV, HEAD + b'"A"B"",https://example.org/\n'),
    "wide field": (CSV, HEAD + b'"' + b"a" * 200_000 + b'",https://example.org/\n'),
    "many columns": (CSV, b"," * 20_000 + b"\n" + b"," * 20_000),
    "same columns": (CSV, b"name,name,url,url\na,b,c,d\n"),
    "strange columns": (CSV, b"__class__,\xef\xbf\xbf,\n1,2,3\n"),
    "more than columns": (CSV, HEAD + b"A,https://example.org/,x,y\n"),
    "formula": (CSV, HEAD + b"=1+1,https://example.org/\n@SUM,https://example.org/\n"),
    "many rows": (CSV, HEAD + b"".join(SITE % (n, n) for n in range(5000))),
    "same rows": (CSV, HEAD + (SITE % (1, 1)) * 1000),
    "zip": (CSV, b"PK\x03\x04" + bytes(range(256)) * 4),
    "large": (CSV, HEAD + b"a" * 3 * MIB),
    "no such program": ("nasty", HEAD + SITE % (1, 1)),
    "kuma: csv": (KUMA, HEAD),
    "kuma: a list": (KUMA, b"[]"),
    "kuma: null": (KUMA, b'{"monitorList": null}'),
    "kuma: numbers": (KUMA, b'{"monitorList": [1, null, "a", []]}'),
    "kuma: an object": (KUMA, b'{"monitorList": {"1": {"name": "A"}, "2": null}}'),
    "kuma: deep": (KUMA, b'{"monitorList": ' + b"[" * 100_000),
    "kuma: deep and whole": (KUMA, b'{"monitorList": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "kuma: not a number": (KUMA, make_monitors(interval=1).replace(b"1}", b"NaN}")),
    "kuma: 1e400": (KUMA, make_monitors(interval=1).replace(b"1}", b"1e400}")),
    "kuma: 5000 digits": (KUMA, make_monitors(interval=1).replace(b"1}", b"9" * 5000 + b"}")),
    "kuma: surrogate": (KUMA, make_monitors(name="\ud800")),
    "kuma: nul": (KUMA, make_monitors(name="a\0b")),
    "kuma: tags": (KUMA, make_monitors(tags=[{"name": None}, 1], notificationIDList=[])),
    "kuma: parent": (KUMA, make_monitors(id=1, parent=1)),
    "kuma: parent unknown": (KUMA, make_monitors(id="1", parent=[1])),
    "kuma: statuses": (KUMA, make_monitors(accepted_statuscodes=[None, 7, "900-100", "a"])),
    "kuma: statuses no list": (KUMA, make_monitors(accepted_statuscodes={"a": 1})),
    **{
        f"kuma: {field} = {value}": (KUMA, make_monitors(**{field: value}))
        for field in (
            "name",
            "type",
            "url",
            "interval",
            "maxretries",
            "active",
            "keyword",
            "jsonPath",
        )
        for value in (None, True, -1, 2**70, 1.5, "7", "", [1], {"a": None})
    },
    "gatus: csv": (GATUS, HEAD),
    "gatus: a text": (GATUS, b"endpoints"),
    "gatus: null": (GATUS, b"endpoints:\n"),
    "gatus: numbers": (GATUS, b"endpoints: [1, null, a, []]\n"),
    "gatus: an object": (GATUS, b"endpoints: {a: b}\n"),
    "gatus: two documents": (GATUS, make_endpoint(b"") + b"---\n" + make_endpoint(b"")),
    "gatus: laughs": (GATUS, LAUGHS + b"endpoints: *a11\n"),
    "gatus: itself": (GATUS, b"endpoints: &a\n  - *a\n"),
    "gatus: unknown alias": (GATUS, b"endpoints: *a\n"),
    "gatus: python": (GATUS, b'endpoints: !!python/object/apply:os.system ["id"]\n'),
    "gatus: binary": (GATUS, make_endpoint(b"    group: !!binary gIGCgw==\n")),
    "gatus: set": (GATUS, b"endpoints: !!set {a, b}\n"),
    "gatus: odd keys": (GATUS, b"endpoints:\n  - {1: 2, null: 3, [a]: b, {c: d}: e}\n"),
    "gatus: merge": (GATUS, make_endpoint(b"    <<: 1\n")),
    "gatus: same key": (GATUS, make_endpoint(b"    name: B\n")),
    "gatus: deep": (GATUS, b"endpoints: " + b"[" * 20_000),
    "gatus: deep and whole": (GATUS, b"endpoints: " + b"[" * 900 + b"]" * 900),
    "gatus: tabs": (GATUS, b"endpoints:\n\t- name: A\n"),
    "gatus: controls": (GATUS, b'endpoints:\n  - name: "a\x01b"\n'),
    "gatus: surrogate": (GATUS, b'endpoints:\n  - {name: "\\uD800", url: "https://a.test/"}\n'),
    "gatus: nul": (GATUS, b'endpoints:\n  - {name: "a\\0b", url: "https://a.test/"}\n'),
    "gatus: day": (GATUS, b"endpoints:\n  - {name: 2001-01-01, url: 0001-01-01}\n"),
    "gatus: no day": (GATUS, b"endpoints:\n  - {name: 2001-99-99, url: https://a.test/}\n"),
    "gatus: sixty": (GATUS, make_endpoint(b"    interval: 190:20:30\n")),
    "gatus: 5000 digits": (GATUS, make_endpoint(b"    interval: " + b"9" * 5000 + b"\n")),
    **{
        f"gatus: {field} = {value.decode()}": (
            GATUS,
            make_endpoint(b"    %s: %s\n" % (field.encode(), value)),
        )
        for field in (
            "group",
            "enabled",
            "interval",
            "conditions",
            "client",
            "ui",
            "alerts",
            "method",
        )
        for value in (
            b"",
            b"yes",
            b"-1",
            b".nan",
            b".inf",
            b"1e400s",
            b"99999999999h",
            b"[1, null]",
            b"{a: b}",
        )
    },
    "gatus: conditions": (
        GATUS,
        make_endpoint(
            b'    conditions: ["[STATUS] == ", "[STATUS] < 9999999", "[BODY].a[ == 1", "", "=="]\n'
        ),
    ),
}
