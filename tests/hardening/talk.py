"""Send a message as bytes, hear all that comes back, and tell whose answer each is."""

import asyncio
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.hardening.corpus import HIDDEN_ID, End, Message, Verdict
from tests.outside import Address

SILENCE = 0.5  # s, for who may wait for more
PATIENCE = 30.0
ALIVE = b'{"status":"alive"}'
NO_BODY = {204, 304}
RESET = struct.pack("ii", 1, 0)  # of SO_LINGER: the end is an RST
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r\n")


@dataclass(frozen=True)
class Answer:
    status: int
    request_id: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.status} {self.request_id} {self.body[:20]!r}"


@dataclass
class Heard:
    answers: list[Answer] = field(default_factory=list)
    rest: bytes = b""  # that is no answer
    is_closed: bool = False

    def ids(self) -> list[str]:
        return [answer.request_id for answer in self.answers]


def ask_alive(name: str, *, last: bool = True) -> bytes:
    end = "Connection: close\r\n" if last else ""
    return f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {name}\r\n{end}\r\n".encode()


async def open_connection(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, Path):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


async def talk(address: Address, message: Message, name: str) -> Heard:
    """Send *message*, then do what its end says: ask by the id *name*, or leave."""
    reader, writer = await open_connection(address)
    try:
        data = message.data + (ask_alive(name) if message.end in (End.ASK, End.WAIT) else b"")
        sending = asyncio.create_task(send(writer, data))
        if message.end in (End.CLOSE, End.RESET):
            await leave(writer, sending, message.end)
            return Heard()
        if message.end is End.HALF:
            await sending
            writer.write_eof()
        heard = await hear(reader, PATIENCE if message.end is End.ASK else SILENCE, name)
        sending.cancel()
        return heard
    finally:
        writer.transport.abort()


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except ConnectionError:
        return  # refused before all was said


async def leave(writer: asyncio.StreamWriter, sending: asyncio.Task[None], end: End) -> None:
    await sending
    await asyncio.sleep(0.005)  # that it may have begun
    if end is End.RESET:
        sock = writer.get_extra_info("socket")
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


async def hear(reader: asyncio.StreamReader, silence: float, name: str) -> Heard:
    """Read until the end, the answer to *name*, or so many seconds of silence."""
    data, is_closed = b"", False
    while not is_closed and not (name.encode() in data and data.endswith(ALIVE)):
        try:
            async with asyncio.timeout(silence):
                part = await reader.read(65_536)
        except TimeoutError:
            break
        except ConnectionError:
            part = b""
        data, is_closed = data + part, not part
    return parse(data, is_closed)


def parse(data: bytes, is_closed: bool) -> Heard:
    """Take the answers apart, strictly."""
    heard = Heard(is_closed=is_closed)
    while match := STATUS_LINE.match(data):
        status = int(match[1])
        head, found, data = data.partition(b"\r\n\r\n")
        if not found or status == 101:
            heard.answers.append(Answer(status, find_id(head), b""))
            return heard
        if status < 200:
            continue
        body, data = split_body(status, head.lower(), data)
        heard.answers.append(Answer(status, find_id(head), body))
    heard.rest = data
    return heard


def split_body(status: int, head: bytes, data: bytes) -> tuple[bytes, bytes]:
    # Behind the answer to a HEAD comes the next one; no body of ours begins like that.
    if status in NO_BODY or STATUS_LINE.match(data):
        return b"", data
    if length := re.search(rb"\r\ncontent-length: *(\d+)", head):
        return data[: int(length[1])], data[int(length[1]) :]
    if b"\r\ntransfer-encoding: chunked" in head:
        return split_chunks(data)
    return data, b""


def split_chunks(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while match := re.match(rb"([0-9a-fA-F]+)\r\n", data):
        size, start = int(match[1], 16), match.end()
        body, data = body + data[start : start + size], data[start + size + 2 :]
        if not size:
            break
    return body, data


def find_id(head: bytes) -> str:
    found = re.search(rb"(?i)\r\nx-request-id: *([^\r\n]*)", head)
    return found[1].decode("latin1") if found else ""


def find_faults(
    message: Message, heard: Heard, name: str, allowed: frozenset[int] = frozenset()
) -> Iterator[str]:
    """Say what may not have come back."""
    statuses = [answer.status for answer in heard.answers]
    if wrong := [status for status in statuses if status >= 500 and status not in allowed]:
        yield f"{wrong}"
    if heard.rest and not message.is_bare:
        yield f"behind {statuses}: {heard.rest[:80]!r}"
    if HIDDEN_ID in heard.ids() and not message.is_two:
        yield f"the hidden request was answered: {show(heard)}"
    asked = [answer for answer in heard.answers if answer.request_id == name]
    if asked and (len(asked) > 1 or asked[0] is not heard.answers[-1] or is_odd(asked[0])):
        yield f"the question behind it got {show(heard)}"
    if message.end is End.ASK and not asked and not heard.is_closed and 101 not in statuses:
        yield f"neither an answer nor the end behind {statuses}"
    yield from find_wrong_verdict(
        message, [a.status for a in heard.answers if a.request_id != name]
    )


def is_odd(answer: Answer) -> bool:
    # What a server did not take for the body stands before the question, and spoils it.
    return answer.body != ALIVE and answer.status < 400


def show(heard: Heard) -> str:
    return "; ".join(map(str, heard.answers))


def find_wrong_verdict(message: Message, statuses: list[int]) -> Iterator[str]:
    if message.verdict is Verdict.REFUSED and any(status < 400 for status in statuses):
        yield f"not refused: {statuses}"
    if message.verdict is Verdict.ANSWERED and not statuses:
        yield "no answer"
