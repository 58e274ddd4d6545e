import sys
import unicodedata
from unicodedata import combining

import pytest

from quartapp.models.text import (
    MARKS_INSIDE,
    MAX_MARKS,
    clean_address,
    clean_email,
    clean_line,
    clean_text,
    clean_url,
    clean_username,
    fold_email,
)


def test_text_is_composed_and_stripped() -> None:
    assert clean_text("  Cafe\u0301\r\n\tau lait \n") == "Café\n\tau lait"
    assert clean_line("  Cafe\u0301 ") == "Café"


@pytest.mark.parametrize("value", ["a\0", "a\x1b[0m", "a\x7f", "a\u0085b", "a\u2028b", "a\ud800"])
def test_control_characters_are_refused(value: str) -> None:
    for rule in (clean_text, clean_line):
        with pytest.raises(ValueError, match="Control characters"):
            rule(value)


MARKS = ["\u0301", "\u0315\u0300", "\u0f73", "\u0300\uff9e"]


@pytest.mark.parametrize("marks", MARKS, ids=ascii)
def test_letter_has_thirty_marks_at_most(marks: str) -> None:
    most = "a" + marks * (MAX_MARKS // len(marks))
    assert clean_text(f"{most}b{most}") == unicodedata.normalize("NFC", f"{most}b{most}")
    for rule in (clean_text, clean_line, clean_username, clean_email, clean_url):
        with pytest.raises(ValueError, match="More than 30 marks on one letter"):
            rule(f"{most}{marks}")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("marks", MARKS, ids=ascii)
def test_text_of_marks_is_refused_before_they_are_sorted(marks: str) -> None:
    """To sort so many took minutes, and anybody may send them where people sign in."""
    half = 250_000 // len(marks)
    for text in (marks * half, "".join(mark * half for mark in marks)):
        with pytest.raises(ValueError, match="More than 30 marks"):
            clean_line(text)
        assert fold_email(text) == text


def test_letters_that_hide_marks_are_all_known() -> None:
    letters = (letter for letter in map(chr, range(sys.maxunicode + 1)) if not combining(letter))
    hiding = {one for one in letters if combining(unicodedata.normalize("NFKD", one)[0])}

    assert hiding == set(map(chr, MARKS_INSIDE))


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a\u202eb", "a\u2066b", "a\u200fb"])
def test_a_line_has_one_line_and_one_direction(value: str) -> None:
    with pytest.raises(ValueError, match="Line breaks and direction marks"):
        clean_line(value)


@pytest.mark.parametrize(
    "name",
    [
        "ann-2 o'neil",
        "Zoë Ōtani",
        "Иван Петров 2",
        "Ελένη",
        "王小明",
        "小明 Wang",
        "ひらがな カタカナ ー 々",
        "スミス John",
        "김민수 Kim",
        "דנה",
        "محمد",
        "สมชาย",
        "Ka\u02bbahumanu",  # the letter of Hawaiian belongs to no script
        "123",
    ],
)
def test_username_may_be_of_any_one_script(name: str) -> None:
    assert clean_username(name) == name


def test_username_has_one_form_for_each_letter() -> None:
    assert clean_username(" \uff21LICE\u00a0\ufb01nn\u3000") == "ALICE finn"
    assert clean_username("Zoe\u0308 \u014ctani") == "Zoë Ōtani"
    assert clean_username("alice \u2003\u1680 finn") == "alice finn"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("al\u200bice", "Invisible"),
        ("al\u200dice", "Invisible"),
        ("al\u00adice", "Invisible"),
        ("\ufeffalice", "Invisible"),
        ("alice\U000e0041", "Invisible"),
        ("alice\u0600", "Invisible"),
        ("alice\ufe0f", "Invisible"),
        ("al\u034fice", "Invisible"),
        ("alice\U000e0100", "Invisible"),
        ("al\u180bice", "Invisible"),
        ("al\u17b4ice", "Invisible"),
        ("al\u115fice", "Invisible"),
        ("al\u3164ice", "Invisible"),
        ("al\uffa0ice", "Invisible"),
        ("al\u2065ice", "Invisible"),
        ("alice\u2800", "Invisible"),
        ("al\u2066ice", "direction marks"),
        ("al\x7fice", "Control"),
        ("alice\uff20example.org", "no @"),
        ("\u0430dmin", "one script"),  # Cyrillic a
        ("adm\u0456n", "one script"),  # Ukrainian i
        ("\u0391lice", "one script"),  # Greek capital alpha
        ("b\u03bfb", "one script"),  # Greek omicron
        ("b\u0585b", "one script"),  # Armenian oh
        ("\u13aalice", "one script"),  # Cherokee go
        ("\u041c\u0430ria", "one script"),
        ("ann \u0438\u0432\u0430\u043d", "one script"),
        ("\u30a2\u3105", "one script"),  # Katakana and Bopomofo
    ],
)
def test_username_that_looks_like_another_is_refused(name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        clean_username(name)


@pytest.mark.parametrize(
    "value",
    ["http://a.test", "https://a.test:8443/b?c=d#e", "http://[::1]/", "http://тест.test/я"],
)
def test_http_address_is_kept_as_it_is(value: str) -> None:
    assert clean_url(f" {value} ") == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a.test",
        "//a.test",
        "http:///a",
        "http://",
        "ftp://a.test",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://u@a.test",
        "http://u:p@a.test",
        "http://a.test\\@b.test",
        "http://a.test/ b",
        "http://a.test:x/",
        "http://a.test:99999/",
        "http://[",
        "http://a.test/\u202e",
    ],
)
def test_other_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        clean_url(value)


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "alice@example.org",
        "o'hara+sites@mail-1.example.co.uk",
        f"{'a' * 64}@{'b' * 63}.org",
    ],
)
def test_good_address_is_kept_as_it_is(address: str) -> None:
    assert clean_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "alice@",
        "@example.org",
        "alice@example.org\n",
        "alice@example.org\r\nBcc: eve@example.org",
        "alice@example.org, eve@example.org",
        "alice@example.org eve@example.org",
        "Alice <alice@example.org>",
        "alice@eve@example.org",
        '"alice\\ "@example.org',
        "alice@[127.0.0.1]",
        "alice.@example.org",
        "alice@example..org",
        "alice@-example.org",
        "älice@example.org",
        "alice@exämple.org",
        "alice@example.org\x00",
        "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=alice@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.org",
        f"a@{'b.' * 126}org",
    ],
)
def test_bad_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        clean_address(address)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann@Example.org ", "ann@example.org"),
        ("ann@B\u00fccher.example.org", "ann@xn--bcher-kva.example.org"),
        ("ann@bu\u0308cher.example.org", "ann@xn--bcher-kva.example.org"),
        ("ann@XN--bcher-kva.example.org", "ann@xn--bcher-kva.example.org"),
        ("ann@ドメイン.テスト", "ann@xn--eckwd4c7c.xn--zckzah"),
        ("ann@faß.de", "ann@xn--fa-hia.de"),
    ],
)
def test_email_is_kept_in_one_spelling_that_mail_can_go_to(given: str, kept: str) -> None:
    assert (clean_email(given), fold_email(given), clean_address(kept)) == (kept, kept, kept)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "ann",
        "ünn@example.org",
        "=?utf-8?q?a?=@example.org",
        "ann@-example.org",
        "ann@example.org\0",
        "a\u202e@example.org",
        f"ann@{'ü' * 62}.org",
        "@",
        "\ud800@example.org",
    ],
)
def test_what_no_mail_can_go_to_is_no_email(value: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        clean_email(value)
    assert fold_email(value) == value
