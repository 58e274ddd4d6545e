import pytest

from quartapp.models.text import clean_line, clean_text, clean_url


def test_text_is_composed_and_stripped() -> None:
    assert clean_text("  Cafe\u0301\r\n\tau lait \n") == "Café\n\tau lait"
    assert clean_line("  Cafe\u0301 ") == "Café"


@pytest.mark.parametrize("value", ["a\0", "a\x1b[0m", "a\x7f", "a\u0085b", "a\u2028b", "a\ud800"])
def test_control_characters_are_refused(value: str) -> None:
    for rule in (clean_text, clean_line):
        with pytest.raises(ValueError, match="Control characters"):
            rule(value)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a\u202eb", "a\u2066b", "a\u200fb"])
def test_a_line_has_one_line_and_one_direction(value: str) -> None:
    with pytest.raises(ValueError, match="Line breaks and direction marks"):
        clean_line(value)


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
