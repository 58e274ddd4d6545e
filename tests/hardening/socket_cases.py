"""The cases of the Autobahn test suite that apply (families 1 to 7 and 10), written anew."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tests.hardening.frames import (
    BINARY,
    CLOSE,
    MORE,
    PING,
    PONG,
    TEXT,
    Frame,
    write_close,
    write_frame,
    write_pieces,
)

HELLO = write_frame(TEXT, b"hello")
ECHO: Frame = (TEXT, b"hello")
GOODBYE = (1000,)
# Of None, the end without a word, and 1005, a close without a code, RFC 6455 allows both.
LEFT = (1000, None)  # granian may hang up before its goodbye is read
BROKEN = (1002, 1005, None)
NO_UTF_8 = (1007, *BROKEN)

VALID_UTF_8 = [
    "κόσμε",
    "\x01",
    "\x7f",
    "\x80",
    "߿",
    "ࠀ",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\U00010000",
]
VALID_UTF_8 += ["\U0010ffff", "\ufdd0", "Hello-µ@ßöäüàá-UTF-8!!", "\ufeff", "\u202e"]
INVALID_UTF_8 = [
    "cebae1bdb9cf83cebcceb5eda080656469746564",
    "f4908080",
    "80",
    "bf",
    "8080",
    "80bf80bf",
    "c0",
    "c020",
    "e0",
    "e080",
    "f0808080",
    "f8888080",
    "fe",
    "ff",
    "feff",
    "c080",
    "c0af",
    "e080af",
    "f08080af",
    "c1bf",
    "e09fbf",
    "f08fbfbf",
    "eda080",
    "edbfbf",
    "eda080edb080",
    "cebae1",
]


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    heard: tuple[Frame, ...] = ()
    ends: tuple[int | None, ...] = GOODBYE  # codes, one of which is told
    is_dripped: bool = False  # byte by byte

    @property
    def is_whole(self) -> bool:
        """Tell whether all must be heard: what is broken, or a close, overtakes an echo."""
        return self.ends == GOODBYE


def frame_messages() -> Iterator[Case]:
    for opcode in (TEXT, BINARY):
        for size in (0, 1, 125, 126, 127, 128, 65_535, 65_536):
            data = b"*" * size
            yield Case(f"1: {opcode}, {size}", write_frame(opcode, data), ((opcode, data),))
        dripped = write_frame(opcode, b"*" * 126)
        yield Case(f"1: {opcode}, dripped", dripped, ((opcode, b"*" * 126),), is_dripped=True)
        yield Case(f"1: {opcode}, no mask", write_frame(opcode, b"a", masked=False), (), BROKEN)


def ping() -> Iterator[Case]:
    for data in (b"", b"hello", b"\0\xff\xfe", b"a" * 125):
        yield Case(f"2: ping {data[:5]!r}", write_frame(PING, data), ((PONG, data),))
        yield Case(f"2: pong {data[:5]!r}", write_frame(PONG, data) + HELLO, (ECHO,))
    yield Case("2: a ping of 126", write_frame(PING, b"a" * 126), (), BROKEN)
    many = b"".join(write_frame(PING, b"%d" % number) for number in range(10))
    pongs = tuple((PONG, b"%d" % number) for number in range(10))
    yield Case("2: ten pings", many, pongs)
    yield Case("2: ten pings, dripped", many, pongs, is_dripped=True)


def use_reserved() -> Iterator[Case]:
    for rsv in range(1, 8):
        for opcode in (TEXT, BINARY, PING, CLOSE):
            data = HELLO + write_frame(opcode, b"", rsv=rsv)
            yield Case(f"3: bits {rsv} of {opcode}", data, (ECHO,), BROKEN)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        data = HELLO + write_frame(opcode, b"a")
        yield Case(f"4: opcode {opcode}", data, (ECHO,), BROKEN)


def fragment() -> Iterator[Case]:
    begin, end = write_frame(TEXT, b"hel", fin=False), write_frame(MORE, b"lo")
    between = write_frame(PING, b"a")
    yield Case("5: two pieces", begin + end, (ECHO,))
    yield Case("5: a ping between", begin + between + end, ((PONG, b"a"), ECHO))
    yield Case(
        "5: a ping between, dripped", begin + between + end, ((PONG, b"a"), ECHO), is_dripped=True
    )
    yield Case("5: empty pieces", write_frame(TEXT, fin=False) + write_frame(MORE), ((TEXT, b""),))
    for opcode in (PING, PONG, CLOSE):
        yield Case(f"5: pieces of {opcode}", write_frame(opcode, b"", fin=False) + end, (), BROKEN)
    yield Case("5: an end without a begin", end, (), BROKEN)
    yield Case("5: a middle without a begin", write_frame(MORE, b"a", fin=False) + end, (), BROKEN)
    yield Case("5: two ends", begin + end + end, (ECHO,), BROKEN)
    yield Case("5: two begins", begin + HELLO, (), BROKEN)
    yield Case("5: close between", begin + write_close(), (), LEFT)


def write_text() -> Iterator[Case]:
    for text in VALID_UTF_8:
        data = text.encode()
        for size in (1, len(data)):
            yield Case(f"6: {text!r} by {size}", write_pieces(TEXT, data, size), ((TEXT, data),))
    for text in INVALID_UTF_8:
        data = bytes.fromhex(text)
        for size in (1, len(data)):
            yield Case(f"6: {text} by {size}", write_pieces(TEXT, data, size), (), NO_UTF_8)
    yield Case("6: NUL, which cannot be kept", write_frame(TEXT, b"a\0"), (), (1008,))


def close() -> Iterator[Case]:
    yield Case("7: no code", write_frame(CLOSE), (), (1005, *LEFT))
    yield Case("7: half a code", write_frame(CLOSE, b"\3"), (), BROKEN)
    yield Case("7: a long reason", write_close(1000, b"a" * 123), (), LEFT)
    yield Case("7: a longer one", write_frame(CLOSE, b"\3\xe8" + b"a" * 124), (), BROKEN)
    yield Case("7: a reason that is no text", write_close(1000, b"\xce\xba\xe1"), (), NO_UTF_8)
    yield Case("7: twice", write_close() + write_close(), (), LEFT)
    yield Case("7: then a ping", write_close() + write_frame(PING, b"a"), (), LEFT)
    yield Case("7: then a message", write_close() + HELLO, (), LEFT)
    yield Case(
        "7: a long message before",
        write_frame(TEXT, b"a" * 60_000) + write_close(),
        (),
        (1000, None),
    )
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield Case(f"7: {code}", write_close(code), (), (code, *LEFT))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        # Not all take these for broken; what is told is never such a code.
        yield Case(f"7: {code}", write_frame(CLOSE, struct.pack("!H", code)), (), (1000, *BROKEN))


def cut_up() -> Iterator[Case]:
    for opcode in (TEXT, BINARY):
        for size in (64, 256, 1300, 4096):
            data = b"*" * 65_536
            yield Case(
                f"10: {opcode} by {size}", write_pieces(opcode, data, size), ((opcode, data),)
            )


PARTS = (frame_messages, ping, use_reserved, fragment, write_text, close, cut_up)
CASES = [case for part in PARTS for case in part()]
