import json
import time

import pytest

from quartapp.asgi.sanity import is_storable, parse_json
from quartapp.errors import BadRequestError, InvalidError

DEEP = [b"[" * depth + b"]" * depth for depth in (32, 33, 1_000_000)]
LONG = [b"[" + b",".join([b"0"] * length) + b"]" for length in (10_000, 10_001)]


@pytest.mark.parametrize("text", ["", "a", "\x01\x7f", "\ue000", "\U0001f600", "\ufffd"])
def test_text_can_be_kept(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\udc80 "])
def test_nul_and_lone_surrogates_cannot_be_kept(text: str) -> None:
    assert not is_storable(text)


@pytest.mark.parametrize(
    "data",
    [
        b"null",
        b'"text"',
        b' {"a": [1, -2.5e3, true, {"b": null}], "": "\\u00e9\\n"} ',
        '"é\U0001f600"'.encode(),
        rb'"\ud83d\ude00"',
        rb'"\\u0000 \\ud800"',
        b"9223372036854775807",
        b"-9223372036854775808",
        b'"[[[[{{{{' + b"[" * 100 + b'"',
        DEEP[0],
        LONG[0],
        b'"' + b"," * 20_000 + b'"',
    ],
)
def test_json_is_read_as_the_library_reads_it(data: bytes) -> None:
    assert parse_json(data) == json.loads(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The JSON cannot be read: Expecting value (line 1, column 1)."),
        (b"{", "The JSON cannot be read: Expecting property name enclosed in double quotes"),
        (b"[1,]", "The JSON cannot be read: "),
        (b"1 2", "The JSON cannot be read: Extra data (line 1, column 3)."),
        (b'"\n"', "The JSON cannot be read: Invalid control character"),
        (b'"a\0"', "The JSON cannot be read: Invalid control character"),
        (rb'"\ud8"', "The JSON cannot be read: Invalid \\uXXXX escape"),
        (b'"' + b"\\", "The JSON cannot be read: "),
        (b"]" * 100_000, "The JSON cannot be read: Expecting value"),
        (b"\xef\xbb\xbf{}", "The JSON cannot be read: Unexpected UTF-8 BOM"),
        ('{"a": 1}'.encode("utf-16"), "The JSON is not encoded as UTF-8."),
        ('{"a": 1}'.encode("utf-16-le"), "The JSON cannot be read: "),
        (b'"\xff"', "The JSON is not encoded as UTF-8."),
        (b'"\xed\xa0\x80"', "The JSON is not encoded as UTF-8."),
        (b"NaN", "NaN is not JSON."),
        (b"[Infinity]", "Infinity is not JSON."),
        (b"-Infinity", "-Infinity is not JSON."),
        (b"1e400", "The JSON has a number that is too large."),
        (b"[-1e400]", "The JSON has a number that is too large."),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "The JSON repeats a key."),
        (DEEP[1], "The JSON is nested deeper than 32 levels."),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "The JSON is nested deeper than 32 levels."),
        (DEEP[2], "The JSON has more than 10000 values."),
        (LONG[1], "The JSON has more than 10000 values."),
    ],
)
def test_what_is_no_strict_json_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_json(data)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("data", "loc", "kind"),
    [
        (rb'"\u0000"', (), "unstorable_text"),
        (rb'{"a": ["x", "\ud800"]}', ("a", 1), "unstorable_text"),
        (rb'{"a": {"b\uDFFF": 1}}', ("a",), "unstorable_text"),
        (rb'{"b\u0000": {"c": "\u0000"}}', ("b\ufffd", "c"), "unstorable_text"),
        (b"9223372036854775808", (), "number_out_of_range"),
        (b'{"a": [0, -9223372036854775809]}', ("a", 1), "number_out_of_range"),
        (b"1" + b"0" * 10_000, (), "number_out_of_range"),
    ],
)
def test_what_cannot_be_kept_is_named_with_its_place(data: bytes, loc: object, kind: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_json(data)

    assert (loc, kind) in [(fault.loc, fault.type) for fault in caught.value.errors]
    assert all(is_storable(str(fault.loc)) for fault in caught.value.errors)


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b"\\" * 1_000_000,
        b'"' * 1_000_000,
        b'\\"' * 500_000,
        b'"\\u' * 300_000,
        b"[" * 1_000_000,
        b"[]" * 500_000,
        b"9" * 1_000_000,
        b"{" + b'"a":1,' * 160_000,
        b'{"a":' * 200_000,
    ],
    ids=lambda data: f"{data[:6]!r}...",
)
def test_a_megabyte_of_malice_is_refused_at_once(data: bytes) -> None:
    start = time.process_time()

    with pytest.raises((BadRequestError, InvalidError)):
        parse_json(data)

    assert time.process_time() - start < 5  # quadratic: minutes
