"""Files that cannot be read are refused by what is wrong, and where."""

import json

import pytest

from quartapp.errors import InvalidError
from quartapp.services.site_file import MAX_ROWS, Row, decode, read_rows

SITE = {"name": "A", "url": "https://example.org/"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["Line 1: The column name is needed.", "Line 1: The column url is needed."]),
        (
            "name,link,name\n",
            [
                "Line 1: There is no column 'link'.",
                "Line 1: The column name stands there twice.",
                "Line 1: The column url is needed.",
            ],
        ),
        ('name,url\nA,"x\n', ["Line 2: This is not CSV: unexpected end of data."]),
        ('[{"name": "A"},\n{"name": ]', ["Line 2: This is not JSON."]),
        ("[" * 100_000, ["Line 1: This is not JSON."]),
    ],
    ids=["nothing", "columns", "csv", "list", "deep"],
)
def test_file_that_cannot_be_read_is_refused(text: str, said: list[str]) -> None:
    with pytest.raises(InvalidError) as caught:
        read_rows(text)
    assert [error.msg for error in caught.value.errors] == said


@pytest.mark.parametrize("text", ["name,url\n", "[]", "[ ]"])
def test_file_without_a_site_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="There is no site in it"):
        read_rows(text)


def test_file_with_too_many_sites_is_refused() -> None:
    text = "name,url\n" + "A,b\n" * MAX_ROWS
    assert len(read_rows(text)) == MAX_ROWS
    with pytest.raises(InvalidError, match="A file may have 5,000 sites at most"):
        read_rows(text + "A,b\n")


def test_what_is_wrong_in_one_line_of_json_is_said_of_that_line() -> None:
    lines = [json.dumps(SITE), "{", "", json.dumps(SITE | {"link": 1}), "7"]
    assert read_rows("\n".join(lines)) == [
        Row(1, SITE),
        Row(2, {}, "This is not JSON."),
        Row(4, {}, "There is no column 'link'."),
        Row(5, {}, "This is not an object."),
    ]


@pytest.mark.parametrize("form", ["{}", "[{}]"])
def test_key_that_stands_twice_in_an_object_is_a_fault(form: str) -> None:
    text = form.format('{"name": "A", "url": "a", "name": "B"}')

    assert read_rows(text) == [Row(1, {}, "The key 'name' stands there twice.")]


def test_line_of_an_object_in_a_list_is_known() -> None:
    text = json.dumps([SITE, 7, SITE], indent=1)
    assert [row.line for row in read_rows(text)] == [2, 6, 7]


def test_bytes_that_are_no_text_are_refused() -> None:
    assert decode(b"\xef\xbb\xbfname") == "name"
    with pytest.raises(InvalidError, match="not text in UTF-8"):
        decode(b"\xff")
