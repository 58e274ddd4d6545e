"""Where a login leads: to a path on this host, as browsers read it (threats S-REDIR)."""

import itertools
import re
from urllib.parse import urlencode

import pytest
from quart.testing import QuartClient

from quartapp.models import User
from quartapp.web.auth.redirects import is_own_path
from tests.helpers import PASSWORD, read_token

OTHER_SLASHES = [
    *(
        "//e",
        "///e",
        "////e",
        "/\\e",
        "\\/e",
        "\\\\e",
        "/\\/e",
        "//\\e",
        "\\e",
        "\\\\\\e",
        "/\\\\e",
    ),
    *("//e@h", "//h:80@e", "//localhost@e", "//localhost:80@e", "//e\\@localhost", "//e:80"),
    *("//%65", "//\u3002e", "//e\u3002test", "//[::1]", "//127.0.0.1", "//2130706433", "//e/.."),
    *("//e?", "//e#", "//e/%2e%2e", "/\\localhost@e", "//\u24d4", "//e/entities/"),
]
SCHEMES = [
    *("https://e", "http://e", "https:e", "https:/e", "HTTPS://e", "http:///e", "http:\\\\e"),
    *("https:\\e", "http:/\\e", "ftp://e", "ws://e", "file:///etc/passwd", "http://localhost@e/"),
    *("http://localhost.e/", "https://localhost/", "http://localhost:81/", "blob:https://e/x"),
    *("javascript:alert(1)", "JavaScript:alert(1)", "javascript://%0aalert(1)", "vbscript:x"),
    *("data:text/html,x", "data:text/html;base64,eA==", "mailto:a@e", "view-source:https://e"),
]
BLANKS = [
    *(" //e", "\t//e", "/\t/e", "/\n/e", "/\r/e", "/\x00/e", "/\x7f/e", "/ /e", "\u00a0//e"),
    *("\x01javascript:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)", "/\x0b/e"),
    *("/\r\nLocation: //e", "/a\r\nSet-Cookie: a=b", "\ufeff//e", "\u3000//e", "\u2028//e", "/a b"),
]
NO_PATHS = [
    *(
        "",
        "e",
        "e:80",
        "@e",
        "?next=//e",
        "#//e",
        ".//e",
        "./e",
        "../e",
        "..//e",
        ";//e",
        "%2f%2fe",
    ),
    *("%5c%5ce", "\uff0f\uff0fe"),
]
VECTORS = OTHER_SLASHES + SCHEMES + BLANKS + NO_PATHS
OWN = [
    *("/", "/entities/", "/entities/?q=a", "/a/b#c", "/%2f/e", "/a//b", "/a?u=https://e", "/é"),
    *("/.//e", "/..//e", "/a/..//e", "/%5ce", "/%09/e", "/%0d%0aLocation:%20//e", "/@e", "/:80"),
]
PIECES = ["/", "\\", "e", ":", "@", "http:", "\t", "\r", ".", "%2f", "?", "#", " ", "\u3002"]
PAGES = ["/auth/login", "/auth/confirm"]
REFUSED = [(303, "/"), (400, None)]  # led home, or not read at all


def find_host(target: str) -> str:
    """Return where a browser on a page of localhost goes, by https://url.spec.whatwg.org/."""
    text = re.sub(r"[\t\n\r]", "", target.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", text, re.IGNORECASE)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return scheme[0]
    rest = text[scheme.end() :] if scheme else text
    rest = rest.replace("\\", "/")
    if not rest.startswith("//") and (scheme is None or scheme[1].lower() == "http"):
        return "localhost"
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    return authority.rpartition("@")[2]


async def follow(client: QuartClient, page: str, target: str) -> tuple[int, str | None]:
    """Give the right password on *page*, which was told to lead to *target*."""
    form = {"name": "admin", "password": PASSWORD, "csrf_token": await read_token(client, page)}
    response = await client.post(f"{page}?{urlencode({'next': target})}", form=form)
    return response.status_code, response.headers.get("Location")


@pytest.mark.parametrize("page", PAGES)
async def test_login_leads_to_no_other_site(browser: QuartClient, page: str) -> None:
    found = {target: await follow(browser, page, target) for target in VECTORS}

    assert {target: told for target, told in found.items() if told not in REFUSED} == {}


@pytest.mark.parametrize("page", PAGES)
async def test_login_leads_where_somebody_wanted_to_go(browser: QuartClient, page: str) -> None:
    found = {target: await follow(browser, page, target) for target in OWN}

    assert {status for status, _ in found.values()} == {303}
    assert {find_host(str(location)) for _, location in found.values()} == {"localhost"}
    assert [target for target in OWN if found[target][1] in (None, "/")] == ["/"]


async def test_wanted_page_is_the_one_that_was_asked_for(client: QuartClient, admin: User) -> None:
    response = await client.get("/entities/?q=//e")
    location = response.headers["Location"]
    assert (response.status_code, location) == (303, "/auth/login?next=/entities/?q%3D//e")


@pytest.mark.parametrize("target", OTHER_SLASHES[:4] + SCHEMES[:5] + BLANKS[:3])
def test_vectors_lead_elsewhere(target: str) -> None:
    assert find_host(target) != "localhost"


def test_there_are_sixty_vectors_and_more() -> None:
    assert len(set(VECTORS)) == len(VECTORS) >= 60


def test_no_mixture_is_taken_for_a_path_and_leads_elsewhere() -> None:
    mixtures = [
        "".join(pieces)
        for length in range(1, 5)
        for pieces in itertools.product(PIECES, repeat=length)
    ]
    wrong = [text for text in mixtures if is_own_path(text) and find_host(text) != "localhost"]
    assert (wrong, any(map(is_own_path, mixtures))) == ([], True)
