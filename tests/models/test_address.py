"""What may be asked, and what may not."""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from yarl import URL

from quartapp.models.address import (
    MAX_URL,
    RefusedError,
    check_parts,
    check_url,
    find_embedded,
    is_forbidden,
    read_address,
    read_bounds,
    read_ports,
    read_url,
)
from tests.monitoring.vectors import FORBIDDEN, PUBLIC, UNREACHABLE, UNREADABLE

PORTS = read_ports(["80", "443", "8000-8999"])
BOUNDS = read_bounds({"CHECK_PORTS": ["443"], "CHECK_ALLOWED_NETWORKS": ["10.1.0.0/16"]})


@pytest.mark.parametrize("address", FORBIDDEN)
def test_what_is_not_of_the_open_internet_is_forbidden(address: str) -> None:
    assert is_forbidden(ip_address(address), [])


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_of_the_open_internet_is_not(address: str) -> None:
    assert not is_forbidden(ip_address(address), [])


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("8.8.8.8", []),
        ("2a00:1450::1", []),
        ("::ffff:8.8.8.8", ["8.8.8.8"]),
        ("2002:808:808::1", ["8.8.8.8"]),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", ["65.54.227.120", "192.0.2.45"]),
        ("64:ff9b::129.2.3.131", ["129.2.3.131"]),
        # RFC 6052: its prefix is one of 96 bits, or one of 48 with the ninth byte left out.
        ("64:ff9b:1:8103:83:8500:beef:8181", ["190.239.129.129", "129.3.131.133"]),
        ("::8.8.8.8", ["8.8.8.8"]),
        ("::2", ["0.0.0.2"]),
        ("::1", []),  # two of their own, whatever they look like
        ("::", []),
    ],
)
def test_addresses_inside_of_others_are_found(address: str, inside: list[str]) -> None:
    assert [str(found) for found in find_embedded(ip_address(address))] == inside


@pytest.mark.parametrize(
    ("address", "networks", "forbidden"),
    [
        ("10.1.2.3", ["10.1.0.0/16"], False),
        ("10.2.2.3", ["10.1.0.0/16"], True),
        ("::1", ["127.0.0.0/8"], True),
        ("::1", ["127.0.0.0/8", "::1/128"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
        # An address of an allowed network may still be translated to one of another.
        ("64:ff9b::8.8.8.8", ["64:ff9b::/96"], False),
        ("64:ff9b::127.0.0.1", ["64:ff9b::/96"], True),
        ("64:ff9b::10.1.2.3", ["64:ff9b::/96", "10.1.0.0/16"], False),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["::ffff:0:0/96"], True),
        ("2002:a01:203::1", ["2002::/16"], True),
    ],
)
def test_operators_may_allow_networks(address: str, networks: list[str], forbidden: bool) -> None:
    allowed = [ip_network(network) for network in networks]

    assert is_forbidden(ip_address(address), allowed) is forbidden


@pytest.mark.parametrize(
    ("read", "asked"),
    [
        ("http://example.org/", "http://127.0.0.1/"),
        ("http://127.0.0.1/", "http://example.org/"),
        ("http://example.org:80/", "http://example.org:8080/"),
        ("http://example.org:8080/", "http://example.org:80/"),
    ],
)
def test_parsers_have_to_agree(read: str, asked: str) -> None:
    with pytest.raises(ValueError, match=re.escape(urlsplit(read).netloc)):
        check_parts(urlsplit(read), URL(asked))


@pytest.mark.parametrize(
    ("read", "asked", "sentence"),
    [
        ("http://a/", "https://a/", "An address starts with http:// or https://."),
        ("https://a/", "http://a/", "An address starts with http:// or https://."),
        ("http://me@a/", "http://a/", "An address has no user and no password."),
        ("http://a/", "http://me@a/", "An address has no user and no password."),
        ("http://a/", "http://:secret@a/", "An address has no user and no password."),
    ],
)
def test_it_is_enough_that_one_parser_refuses(read: str, asked: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        check_parts(urlsplit(read), URL(asked))


def test_ports_are_one_or_a_range() -> None:
    assert read_ports(["443", "8000-8999"]) == [range(443, 444), range(8000, 9000)]


def test_longest_address_is_read() -> None:
    url = "http://example.org/".ljust(MAX_URL, "a")
    assert str(check_url(url, PORTS)) == url


def test_what_was_read_is_remembered() -> None:
    for read, text in ((read_url, "http://example.org/"), (read_address, "192.0.2.1")):
        read(text)
        hits = read.cache_info().hits
        read(text)
        assert read.cache_info().hits == hits + 1


@pytest.mark.parametrize("vector", UNREADABLE)
def test_address_with_two_readings_is_refused(vector: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_url(vector.replace("{port}", "8080"), PORTS)

    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("vector", UNREACHABLE)
def test_address_with_one_reading_is_left_to_the_socket(vector: str) -> None:
    assert check_url(vector.replace("{port}", "8080"), PORTS).port == 8080


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://example.org", "http://example.org"),
        ("HTTPS://EXAMPLE.org:443/A?b=c#d", "https://example.org/A?b=c"),
        ("http://bücher.example:8080/ü", "http://xn--bcher-kva.example:8080/%C3%BC"),
        ("http://a_b.example.org./", "http://a_b.example.org./"),
        ("http://8.8.8.8:8999/", "http://8.8.8.8:8999/"),
        ("http://[2A00:1450::1]/", "http://[2a00:1450::1]/"),
    ],
)
def test_address_is_written_as_it_is_asked(given: str, asked: str) -> None:
    assert str(check_url(given, PORTS)) == asked


REASONS = {
    "http://example.org/".ljust(2049, "a"): "The address is longer than 2048 characters.",
    "http://a b/": "An address has no spaces, backslashes or control characters.",
    "http://[::1": "This is not the address of a site.",
    "http:///a": "This is not the address of a site.",
    "ftp://example.org/": "An address starts with http:// or https://.",
    "http://me:secret@example.org/": "An address has no user and no password.",
    "http://127.1/": "The host of the address is a number, but not an address.",
    "http://127.0.0.1./": "The host of the address is a number, but not an address.",
    "http://[fe80::1%25eth0]/": "The host of the address is a number, but not an address.",
    "http://a..b/": "The host of the address is no name that DNS knows.",
    "http://example.org:22/": "Port 22 is not among those that are watched.",
}


@pytest.mark.parametrize(("url", "sentence"), [*REASONS.items()])
def test_refusal_says_why(url: str, sentence: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_url(url, PORTS)

    assert str(caught.value) == sentence


OUT_OF_BOUNDS = {
    "https://10.2.0.1/": "10.2.0.1 is not a public address. "
    "Whoever runs this may allow it: CHECK_ALLOWED_NETWORKS.",
    "https://[::1]/": "::1 is not a public address. "
    "Whoever runs this may allow it: CHECK_ALLOWED_NETWORKS.",
    "http://localhost:5000/": "Port 5000 is not among those that are watched. "
    "Whoever runs this may allow it: CHECK_PORTS.",
    "https://127.1/": "The host of the address is a number, but not an address.",
}


@pytest.mark.parametrize(("url", "sentence"), [*OUT_OF_BOUNDS.items()])
def test_what_can_never_be_asked_is_told_with_the_setting(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        BOUNDS.check(url)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("url", ["https://10.1.0.1/", "https://8.8.8.8/", "https://localhost/"])
def test_what_may_be_asked_is_in_bounds(url: str) -> None:
    BOUNDS.check(url)
