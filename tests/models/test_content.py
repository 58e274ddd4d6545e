"""What is read of a page, and what is not."""

import random
from datetime import UTC, datetime

import pytest

from quartapp.models.content import Missing, MissingKind, PageText, decode_body, extract_text
from quartapp.models.lens import Lens, clean_pattern, clean_selector
from quartapp.models.look import Look, Reason

PLAIN = Lens()
URL = "https://site.example/"


def see(body: str | bytes, media_type: str = "text/html", status: int = 200) -> Look:
    data = body.encode() if isinstance(body, str) else body
    return Look(
        URL,
        datetime(2026, 1, 1, tzinfo=UTC),
        status=status,
        headers=(("content-type", media_type),),
        body=data,
    )


def read(body: str, lens: Lens = PLAIN, media_type: str = "text/html") -> list[str]:
    found = extract_text(see(body, media_type), lens)
    assert isinstance(found, PageText)
    return found.text.split("\n")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("é".encode("latin1"), "text/html; charset=ISO-8859-1"),
        ("\ufeffé".encode(), "text/html; charset=latin1"),
        ("é".encode("utf-16"), "text/html"),
        ("é".encode(), "text/html; charset=nonsense"),
        ("é".encode(), "text/html; charset=base64"),
        ("é".encode(), "text/html; charset=UTF-32"),
        ("é".encode(), "text/html"),
    ],
)
def test_body_is_decoded_by_mark_header_or_default(body: bytes, media_type: str) -> None:
    assert decode_body(see(body, media_type)).lstrip("\ufeff") == "é"


def test_meta_names_the_charset_within_the_first_kilobyte_only() -> None:
    near = b'<meta charset="windows-1252">\x80'
    assert decode_body(see(near)).endswith("€")
    assert decode_body(see(b" " * 1024 + near)).endswith("\ufffd")


def test_blocks_break_lines_and_white_space_is_one() -> None:
    html = "<title>T</title><div>a <b>b</b>\n c<p>d</p>e<br>f<hr>g</div><td>h</td>"
    assert read(html) == ["T", "a b c", "d", "e", "f", "g", "h"]


def test_nobody_reads_scripts_comments_and_hidden_inputs() -> None:
    html = """<meta name=csrf content=1><p nonce=1>a<!-- b --></p><script>c</script><style>d</style>
    <noscript>e</noscript><template>f</template><input type=hidden value=g>"""
    assert read(html) == ["a"]


def test_hosts_that_a_page_leads_to_are_read_below_its_text() -> None:
    html = """<a href=/x?sid=1>in</a><a href=https://site.example/y>own</a>
    <a href=https://b.example/1>b</a><a href=//a.example/2>a</a><script src=//c.example></script>
    <iframe src=/inner></iframe><a href="tel:+1">call</a><meta name=description content=about>
    <meta http-equiv=refresh content="0; url=https://evil.example/">"""
    assert read(html) == [
        "inown ba",
        "call",
        "[description] about",
        "[frame] site.example",
        "[link] a.example",
        "[link] b.example",
        "[link] tel:+1",
        "[refresh] evil.example",
        "[script] c.example",
    ]


def test_lens_subtracts_then_includes_then_ignores_then_sorts() -> None:
    html = "<main><p>c</p><p class=ad>x</p><p>b<i>!</i></p><p>a 1</p><p>c</p></main><p>y</p>"
    lens = Lens((".ad",), ("main", "main p"), (r"\d",), sort_lines=True, unique_lines=True)
    assert read(html, lens) == ["b!", "c"]


def test_what_is_within_an_excluded_part_is_excluded() -> None:
    html = "<div id=a><div><p>x</p></div></div><div>y</div>"
    assert read(html, Lens(exclude=("#a", "#a p"))) == ["y"]
    assert read(html, Lens(include=("div",), exclude=("#a",))) == ["y"]


def test_json_is_sorted_by_key_one_value_a_line() -> None:
    assert read('{"b":[1,"é"],"a":2}', media_type="application/ld+json") == [
        "{", '"a": 2,', '"b": [', "1,", '"é"', "]", "}",
    ]  # fmt: skip


def test_same_text_has_the_same_checksum_whatever_its_attributes() -> None:
    one, two = (extract_text(see(f"<p data-x={n}>a</p>"), Lens()) for n in (1, 2))
    assert one == two


def test_other_media_is_its_bytes() -> None:
    one, two = (extract_text(see(body, "image/png"), Lens()) for body in (b"1", b"2"))
    assert isinstance(one, PageText)
    assert isinstance(two, PageText)
    assert one.text == two.text == ""
    assert one.checksum != two.checksum


def test_what_is_no_page_is_a_state() -> None:
    failed = Look(URL, datetime(2026, 1, 1, tzinfo=UTC), reason=Reason.TIMEOUT)
    assert extract_text(failed, Lens()) == Missing(MissingKind.NOT_A_PAGE, "timeout")
    assert extract_text(see("x", status=503), Lens()) == Missing(MissingKind.NOT_A_PAGE, "503")
    assert extract_text(see("<p> </p>"), Lens()) == Missing(MissingKind.EMPTY)
    lens = Lens(include=("p", "#gone"))
    assert extract_text(see("<p>a</p>"), lens) == Missing(MissingKind.SELECTOR, "#gone")


def test_long_text_is_cut_with_a_mark_and_its_checksum_is_of_all() -> None:
    one, two = (extract_text(see("é" * 200_000 + end, "text/plain"), Lens()) for end in "ab")
    assert isinstance(one, PageText)
    assert isinstance(two, PageText)
    assert len(one.text.encode()) <= 256_000
    assert one.text.endswith("\n[cut here]")
    assert one.is_cut
    assert one.checksum != two.checksum


@pytest.mark.parametrize("value", ["", "a[", "p:has(b)", "a b c d e", "a" * 201, ":nonsense"])
def test_selector_that_cannot_be_used_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        clean_selector(value)


@pytest.mark.parametrize("value", ["", r"(a)\1", "(?=a)", "(", "a{1001}", ".*", "a" * 501])
def test_pattern_that_cannot_be_used_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        clean_pattern(value)


@pytest.mark.parametrize(
    "value", [".", "^.+$", r"\S", r"\w", r"\s", "[a-z]", "[A-Za-z]", ".{4}", "a|b|c|d|e|A", "^[^x]"]
)
def test_pattern_that_makes_the_watch_blind_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="every kind"):
        clean_pattern(value)


@pytest.mark.parametrize(
    "value", [r"\d", r"^\[script\]", r"^[-+]?\d[\d.,]{0,5}$", "shop", "^HACKED"]
)
def test_pattern_for_lines_of_one_kind_is_taken(value: str) -> None:
    assert clean_pattern(value) == value


def test_what_can_be_used_is_taken() -> None:
    assert clean_selector(" main > p.a ") == "main > p.a"
    assert clean_pattern(r"^Visitors: \d+$") == r"^Visitors: \d+$"


SIZE = 2 * 1024 * 1024
HOSTILE = {
    "nested": "<div>" * 400_000,
    "closed by others": ("<div>" * 5000 + "</x></p>" * 300_000),
    "kept open": "<div><table></div></table>" * 90_000,
    "formats": "".join(f"<p><font size={n}>x</p>" for n in range(100_000)),
    "attributes": "<p " + " ".join(f"a{n}" for n in range(300_000)) + ">x",
    "many attributes": ("<p " + " ".join(f"a{n}" for n in range(3000)) + ">x") * 100,
    "paragraphs": "<p>x</p>\n" * 300_000,
    "words": "<p>" + "word " * 400_000,
    "links": "<a href=//a.example>x</a>" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_page_ends(kind: str) -> None:
    look = see("<p>start</p>" + HOSTILE[kind][:SIZE])
    lens = Lens(exclude=("div div div p",), ignore=("nothing like this",))
    found = extract_text(look, lens)
    assert isinstance(found, PageText)
    assert found.text.startswith("start")


def test_random_bytes_are_read_without_an_error() -> None:
    source = random.Random(1)
    for _ in range(200):
        extract_text(see("<p>a" + "".join(source.choices("<>/ab='\" !-&;", k=300))), Lens())
