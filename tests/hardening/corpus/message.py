"""One message of the corpus, and how it is written."""

from dataclasses import dataclass
from enum import Enum

HIDDEN_ID = "smuggled-request"
HIDDEN = f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {HIDDEN_ID}\r\n\r\n".encode()
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"


class Verdict(Enum):
    REFUSED = "refused"  # 4xx, or the end of the connection
    ANSWERED = "answered"  # by the application, or 4xx of its own; not the end without a word
    EITHER = "either"  # servers differ, and may: nobody else is hurt


class End(Enum):
    """What the client does behind the message."""

    ASK = "ask"  # once more on the same connection, and hear both answers
    WAIT = "wait"  # for less: the message may be unfinished, to some
    CLOSE = "close"
    HALF = "half"  # close for writing alone
    RESET = "reset"


@dataclass(frozen=True)
class Message:
    name: str
    data: bytes
    verdict: Verdict = Verdict.EITHER
    end: End = End.ASK
    is_two: bool = False  # what is hidden is a request of its own, sent in the open
    is_bare: bool = False  # of HTTP/0.9, whose answer is a body and no more


def write_lines(*lines: str | bytes) -> bytes:
    """Write lines as they are, text in latin-1, and an empty one behind."""
    raw = (line if isinstance(line, bytes) else line.encode("latin1") for line in lines)
    return b"\r\n".join([*raw, b"", b""])


def get(target: str | bytes = "/livez", *lines: str | bytes, host: str = "localhost") -> bytes:
    raw = target if isinstance(target, bytes) else target.encode("latin1")
    return write_lines(b"GET %s HTTP/1.1" % raw, f"Host: {host}", *lines)


def post(*lines: str | bytes, body: bytes = b"", target: str = "/hardening/body") -> bytes:
    """Write a POST whose framing is in the *lines*."""
    return write_lines(f"POST {target} HTTP/1.1", "Host: localhost", *lines) + body


def put_length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def chunk(data: bytes, more: bytes = b"") -> bytes:
    """Write one chunk; *more* follows its size."""
    return b"%x%s\r\n%s\r\n" % (len(data), more, data)
