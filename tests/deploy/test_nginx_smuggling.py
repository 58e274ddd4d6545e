"""Where a request ends is one question with one answer: nothing hides behind another request."""

import pytest

from tests.outside import Address, send_raw

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def write_post(*headers: str, body: bytes = b"0\r\n\r\n" + HIDDEN) -> bytes:
    head = "\r\n".join(["POST /page HTTP/1.1", "Host: x", *headers])
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "headers",
    [
        (f"Content-Length: {5 + len(HIDDEN)}", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", f"Content-Length: {5 + len(HIDDEN)}"),
        (f"Content-Length: +{5 + len(HIDDEN)}",),
        (f"Content-Length: {5 + len(HIDDEN)}", "Transfer-Encoding: xchunked"),
        (f"Content-Length: {5 + len(HIDDEN)}", "Transfer-Encoding : chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_request_with_two_ends_is_refused(site: Address, headers: tuple[str, ...]) -> None:
    answer = send_raw(site, write_post(*headers))

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert b"smuggled" not in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_two_requests_behind_each_other_are_two(site: Address) -> None:
    answer = send_raw(site, write_post("Transfer-Encoding: chunked"))

    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"smuggled" in answer
