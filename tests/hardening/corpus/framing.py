"""Bodies whose length two servers may see differently."""

from collections.abc import Iterator

from tests.hardening.corpus.message import (
    FORM,
    HIDDEN,
    End,
    Message,
    Verdict,
    chunk,
    get,
    post,
    put_length,
)

CHUNKED = "Transfer-Encoding: chunked"
EMPTY = b"0\r\n\r\n"
LAST = chunk(b"hello") + EMPTY
BOTH = EMPTY + HIDDEN  # nothing and another request, or all of it a body

# What one server takes for `chunked` and another does not.
CODINGS: list[list[str | bytes]] = [
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding:\tchunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: identity, chunked"],
    ["Transfer-Encoding: chunked, chunked"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Transfer-Encoding: chunked, gzip"],
    ['Transfer-Encoding: "chunked"'],
    ["Transfer-Encoding: chunKed"],
    ["Transfer-Encoding: chunked;q=1"],
    ["Transfer-Encoding: chunked,"],
    ["Transfer-Encoding: ,chunked"],
    ["Transfer-Encoding: cow"],
    ["Transfer-Encoding:"],
    ["Transfer-Encoding: \x0bchunked"],
    ["Transfer-Encoding: chunked\x0c"],
    ["Transfer-Encoding: chunked\0"],
    ["Transfer-Encoding: chunked\xa0"],
    ["Transfer-Encoding:\r\n chunked"],
    ["Transfer-Encoding: identity\r\n , chunked"],
    ["Transfer_Encoding: chunked"],
    ["Transfer-Encoding\0: chunked"],
    ["\tTransfer-Encoding: chunked"],
    ["X: x\nTransfer-Encoding: chunked"],
    ["X: x\rTransfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: x", "Transfer-Encoding: chunked"],
]

WRONG_LENGTHS = [
    "+5",
    "-5",
    "5 5",
    "5, 6",
    "6, 5",
    "0x5",
    "5.0",
    "5e0",
    "1_0",
    "\xb2",
    "",
    "five",
    "5;a",
    "18446744073709551616",
    "9" * 5000,
]

WRONG_SIZES = [
    b"g",
    b"-5",
    b"+5",
    b"0x5",
    b" 5",
    b"",
    b"5_0",
    b"5.",
    b"F" * 17,
    b"10000000000000005",
    b"5\0",
    b"5\x0b",
]


def mix_codings() -> Iterator[Message]:
    """Both a length and a coding."""
    for lines in CODINGS:
        for first in ("length", "coding"):
            framing = (
                [put_length(BOTH), *lines] if first == "length" else [*lines, put_length(BOTH)]
            )
            yield Message(f"{first} first, {lines}", post(*framing, body=BOTH), end=End.WAIT)
        yield Message(f"{lines} alone", post(*lines, body=LAST), end=End.WAIT)


def mix_plainly() -> Iterator[Message]:
    length, smaller = put_length(BOTH), "Content-Length: 4"
    yield Message("CL.TE", post(length, CHUNKED, body=BOTH), end=End.WAIT)
    yield Message("TE.CL", post(CHUNKED, smaller, body=chunk(HIDDEN) + EMPTY), end=End.WAIT)
    yield Message(
        "TE and a length of 0", post(CHUNKED, "Content-Length: 0", body=BOTH), end=End.WAIT
    )
    for target in ("/livez", "/static/app.css", "/", "/nowhere", "/api/v1/entities", "/auth/login"):
        body = post(FORM, put_length(HIDDEN), body=HIDDEN, target=target)
        yield Message(f"CL.0 to {target}", body, Verdict.ANSWERED)
        pieces = post(FORM, CHUNKED, body=chunk(HIDDEN) + EMPTY, target=target)
        yield Message(f"TE.0 to {target}", pieces, Verdict.ANSWERED)
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PUT"):
        for line, body in ((put_length(HIDDEN), HIDDEN), (CHUNKED, chunk(HIDDEN) + EMPTY)):
            data = get("/livez", line).replace(b"GET", method.encode(), 1) + body
            yield Message(f"{method} with a body, {line}", data, Verdict.ANSWERED)


def vary_lengths() -> Iterator[Message]:
    for value in WRONG_LENGTHS:
        data = post(f"Content-Length: {value}", body=b"hello")
        # nginx and hyper take an empty one for none, and find that `hello` is no request.
        yield Message(f"a length of {value[:20]!r}", data, Verdict.REFUSED, End.WAIT)
    for one, two in (("5", "5"), ("5", "6"), ("6", "5"), ("0", "5"), ("5", "")):
        data = post(f"Content-Length: {one}", f"Content-Length: {two}", body=b"hello")
        yield Message(f"lengths of {one!r} and {two!r}", data, end=End.WAIT)
    for line in ("Content-Length: 5, 5", "Content-Length : 5", "Content_Length: 5"):
        yield Message(line, post(line, body=b"hello"), end=End.WAIT)
    padded = post("Content-Length: 0000000005", body=b"hello")
    yield Message("a length with zeros before it", padded, end=End.WAIT)
    hidden = post("Content-Length: 0", body=HIDDEN)
    yield Message("a length of 0, and a request", hidden, Verdict.ANSWERED, is_two=True)


def vary_chunks() -> Iterator[Message]:
    def write(name: str, body: bytes, verdict: Verdict = Verdict.EITHER) -> Message:
        end = End.ASK if verdict is Verdict.ANSWERED else End.WAIT
        return Message(name, post(CHUNKED, body=body), verdict, end)

    yield write("chunks", LAST, Verdict.ANSWERED)
    for size in WRONG_SIZES:
        wrong = size + b"\r\nhello\r\n" + EMPTY
        yield write(f"a chunk of the size {size!r}", wrong, Verdict.REFUSED)
    yield write("a chunk of the size '5 5'", b"5 5\r\nhello\r\n" + EMPTY)  # nginx reads 5
    yield write("a size with many zeros", b"0" * 20 + b"5\r\nhello\r\n" + EMPTY)
    for more in (
        b";a=b",
        b';a="b\\""',
        b" ;a",
        b"\t",
        b";" + b"a" * 20_000,
        b";\0",
        b";a\nb",
        b";a\rb",
    ):
        yield write(f"a chunk with {more[:12]!r}", chunk(b"hello", more) + EMPTY)
    yield write(
        "extensions of the last chunk", chunk(b"hello") + b"0;a=b\r\n\r\n", Verdict.ANSWERED
    )
    yield write("a chunk that does not end", b"5\r\nhelloXX" + EMPTY, Verdict.REFUSED)
    yield write("a chunk that is longer", b"5\r\nhello world\r\n" + EMPTY, Verdict.REFUSED)
    yield write("chunks with bare LF", LAST.replace(b"\r\n", b"\n"))
    yield write("chunks with bare CR", LAST.replace(b"\r\n", b"\r"))
    yield write("a last chunk of 000", chunk(b"hello") + b"000\r\n\r\n", Verdict.ANSWERED)
    yield write("10,000 chunks of a byte", chunk(b"a") * 10_000 + EMPTY, Verdict.ANSWERED)


def vary_trailers() -> Iterator[Message]:
    def write(name: str, trailer: bytes) -> Message:
        body = chunk(b"hello") + b"0\r\n" + trailer + b"\r\n"
        return Message(f"{name} behind the chunks", post(CHUNKED, body=body), end=End.WAIT)

    yield write("a trailer", b"X-Sum: 1\r\n")
    for line in (put_length(HIDDEN), CHUNKED, "Host: evil.test", "X-Request-ID: smuggled-request"):
        yield write(line, f"{line}\r\n".encode())
    yield write("1,000 trailers", b"X: y\r\n" * 1000)
    yield write("a trailer of 100 kB", b"X: " + b"y" * 100_000 + b"\r\n")
    yield write("no trailer at all", b"nonsense\r\n")
    yield write("a trailer with NUL", b"X: a\0b\r\n")
    yield write("a folded trailer", b"X: a\r\n b\r\n")


def frame() -> list[Message]:
    parts = (mix_codings, mix_plainly, vary_lengths, vary_chunks, vary_trailers)
    return [message for part in parts for message in part()]
