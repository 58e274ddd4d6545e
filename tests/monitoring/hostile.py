"""Sites that mean us no good, each with the reason that a look at it must give."""

import gzip
import os
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

from quartapp.models.look import Reason
from tests.monitoring.farm import (
    Behaviour,
    Farm,
    half_close,
    hang,
    make_answer,
    make_head,
    make_redirect,
    repeat,
    reset,
    say,
)
from tests.monitoring.papers import Authority

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = make_head(headers={"Transfer-Encoding": "chunked"})
MIB = 1024 * 1024
Expected = Reason | int  # the status when it is an answer


def pack(kind: int, size: int = 64 * MIB) -> bytes:
    """Return *size* zeros, packed: a thousandth of them."""
    packer = zlib.compressobj(wbits=kind)
    pieces = [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join([*pieces, packer.flush()])


GZIP, DEFLATE = pack(31), pack(15)


def packed(body: bytes, encoding: str) -> bytes:
    return make_answer(body, headers={"Content-Encoding": encoding})


PLAIN: dict[str, tuple[Behaviour, Expected]] = {
    # slow
    "says nothing": (hang(), Reason.TIMEOUT),
    "stops in the status line": (hang(b"HTTP/1."), Reason.TIMEOUT),
    "drips headers": (repeat(OK + b"X: ", b"x", 0.05), Reason.TIMEOUT),
    "stops after the headers": (hang(make_head(headers={"Content-Length": "9"})), Reason.TIMEOUT),
    "drips a body": (repeat(make_head(), b"x", 0.05), Reason.TIMEOUT),
    "drips chunks": (repeat(CHUNKED, b"1\r\nx\r\n", 0.05), Reason.TIMEOUT),
    "drips 1xx": (repeat(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05), Reason.TIMEOUT),
    "half-closes": (half_close(), Reason.CONNECT),
    # too much
    "never-ending body": (repeat(make_head(), b"x" * 65_536), 200),
    "never-ending chunks": (repeat(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"), 200),
    "one chunk without end": (repeat(CHUNKED + b"7fffffffffffffff\r\n", b"x" * 65_536), 200),
    "gzip bomb": (say(packed(GZIP, "gzip")), 200),
    "deflate bomb": (say(packed(DEFLATE, "deflate")), 200),
    "gzip of gzip": (say(packed(gzip.compress(GZIP), "gzip")), 200),
    "gzip twice": (say(packed(gzip.compress(GZIP), "gzip, gzip")), 200),
    "members without end": (
        repeat(make_head(headers={"Content-Encoding": "gzip"}), gzip.compress(b"") * 9, 0.01),
        Reason.TIMEOUT,
    ),
    "header flood": (repeat(OK, b"X-Flood: yes\r\n" * 999), Reason.PROTOCOL),
    "huge header": (repeat(OK + b"X: ", b"x" * 9999), Reason.PROTOCOL),
    "huge status line": (repeat(b"HTTP/1.1 200 ", b"x" * 9999), Reason.PROTOCOL),
    "64 kB of headers": (say(OK + (b"X: " + b"x" * 995 + b"\r\n") * 99), Reason.PROTOCOL),
    "1xx flood": (repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), Reason.PROTOCOL),
    "cookies": (say(OK + b"Set-Cookie: a=b; Path=/\r\n" * 99 + b"\r\n"), 200),
    "endless trailers": (repeat(CHUNKED + b"0\r\n", b"X: y\r\n" * 999), Reason.PROTOCOL),
    "chunk extension": (repeat(CHUNKED + b"1;", b"x" * 9999), Reason.TIMEOUT),
    # no HTTP
    "bad chunk": (say(CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"), Reason.PROTOCOL),
    "chunk too long": (say(CHUNKED + b"2\r\nhello\r\n0\r\n\r\n"), Reason.PROTOCOL),
    "negative length": (say(OK + b"Content-Length: -1\r\n\r\nhello"), Reason.PROTOCOL),
    "two lengths": (
        say(OK + b"Content-Length: 1\r\nContent-Length: 5\r\n\r\nhello"),
        Reason.PROTOCOL,
    ),
    "length and chunks": (
        say(OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Reason.PROTOCOL,
    ),
    "short body": (say(OK + b"Content-Length: 9\r\n\r\nhello"), Reason.PROTOCOL),
    "short chunks": (say(CHUNKED + b"5\r\nhel"), Reason.PROTOCOL),
    "ends in the headers": (say(OK + b"X: y\r\n"), Reason.PROTOCOL),
    "HTTP/0.9": (say(b"<html>hello</html>"), Reason.PROTOCOL),
    "HTTP/9.9": (say(b"HTTP/9.9 200 OK\r\n\r\n"), Reason.PROTOCOL),
    "status 99999": (say(b"HTTP/1.1 99999 OK\r\n\r\n"), Reason.PROTOCOL),
    "noise": (say(os.urandom(4096)), Reason.PROTOCOL),
    "zeros": (say(bytes(4096)), Reason.PROTOCOL),
    "NUL in a header": (say(OK + b"X: a\0b\r\n\r\n"), Reason.PROTOCOL),
    "space before a colon": (say(OK + b"X : y\r\n\r\n"), Reason.PROTOCOL),
    "header that is no UTF-8": (say(OK + b"X: \xff\xfe\r\n\r\n"), 200),
    "no gzip": (say(packed(b"hello", "gzip")), Reason.PROTOCOL),
    "short deflate": (say(packed(zlib.compress(bytes(999))[:-9], "deflate")), Reason.PROTOCOL),
    "brotli unasked": (say(packed(b"hello", "br")), Reason.PROTOCOL),
    "switches protocols": (
        hang(make_head("101 Switching", {"Connection": "upgrade", "Upgrade": "websocket"})),
        Reason.PROTOCOL,
    ),
    # hangs up
    "closes at once": (say(), Reason.CONNECT),
    "resets": (reset(), Reason.CONNECT),
    "resets in the headers": (reset(OK), Reason.CONNECT),
    "resets in the body": (reset(make_head(headers={"Content-Length": "9"})), Reason.PROTOCOL),
    # redirects
    "redirects nowhere": (say(make_answer(status="302 Found")), Reason.REDIRECT),
    "redirects to []": (say(make_redirect("http://[::1")), Reason.REDIRECT),
    "redirects to no host": (say(make_redirect("//:80/")), Reason.REDIRECT),
    "redirects to no port": (say(make_redirect("http://site-0.farm.test:none/")), Reason.REDIRECT),
    "redirects to itself": (say(make_redirect("/")), Reason.REDIRECT),
    "redirects on and on": (say(make_redirect("?a=b&" + "x" * 999)), Reason.REDIRECT),
    "redirects to a file": (say(make_redirect("file:///etc/passwd")), Reason.BLOCKED),
}
EAGER: dict[str, tuple[Behaviour, Expected]] = {
    "speaks first": (hang(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.PROTOCOL),
    "floods first": (repeat(b"", b"x" * 65_536), Reason.PROTOCOL),
    "answers before it is asked": (hang(make_answer(b"hello")), 200),
}
# Behind https, without TLS.
JUNK: dict[str, tuple[Behaviour, Expected]] = {
    "plain HTTP": (say(make_answer(b"hello")), Reason.TLS),
    "TLS noise": (say(b"\x16\x03\x03" + os.urandom(4096)), Reason.TLS),
    "no handshake": (hang(), Reason.TIMEOUT),
    "no handshake, closed": (say(), Reason.TLS),
    "no handshake, reset": (reset(), Reason.TLS),
}


async def plant(farm: Farm, authority: Authority) -> dict[str, tuple[str, Expected]]:
    """Start them all; return the URL and what is expected of each."""
    planted: dict[str, tuple[str, Expected]] = {}
    for name, (behave, expected) in PLAIN.items():
        planted[name] = await farm.serve(behave), expected
    for name, (behave, expected) in EAGER.items():
        planted[name] = await farm.serve(behave, is_eager=True), expected
    for name, (behave, expected) in JUNK.items():
        url = await farm.serve(behave, is_eager=True)
        planted[name] = url.replace("http:", "https:"), expected
    for name, url in [pair async for pair in plant_papers(farm, authority)]:
        planted[name] = url, Reason.TLS
    planted["black hole"] = farm.dig_hole(), Reason.TIMEOUT
    planted["HTTP to TLS"] = (
        (await farm.serve(say(), authority.make_tls())).replace("https:", "http:"),
        Reason.CONNECT,
    )
    return planted


async def plant_papers(farm: Farm, authority: Authority) -> AsyncIterator[tuple[str, str]]:
    """Start the sites whose certificate does not hold."""
    day = timedelta(days=1)
    papers = {
        "expired": authority.make_tls(begins=-9 * day, ends=-day),
        "not yet valid": authority.make_tls(begins=day, ends=9 * day),
        "of another host": authority.make_tls("example.org"),
        "of nobody's authority": Authority().make_tls(),
    }
    for name, tls in papers.items():
        yield name, await farm.serve(say(make_answer(b"hello")), tls)
