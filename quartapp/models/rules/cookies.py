"""The flags of cookies; what opens a session weighs more."""

from collections.abc import Callable, Iterator

from quartapp.models.rules.cookie import FORGERY, Cookie, read_cookies
from quartapp.models.rules.page import Page, is_local
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text


def find(
    lacks: Callable[[Page, Cookie], bool], detail: str, *, session: bool | None = None
) -> Callable[[Page], Iterator[Place]]:
    """Return what finds such cookies; *session*: of those that open one, or of the others."""

    def find_cookies(page: Page) -> Iterator[Place]:
        for cookie in read_cookies(page):
            if session in (None, cookie.is_session) and lacks(page, cookie):
                yield cookie.name, detail

    return find_cookies


def lacks_secure(page: Page, cookie: Cookie) -> bool:
    # With SameSite=None browsers refuse it, which has its own rule.
    return page.is_secure and "secure" not in cookie.flags and cookie.same_site != "none"


def lacks_http_only(page: Page, cookie: Cookie) -> bool:
    return "httponly" not in cookie.flags and not FORGERY.search(cookie.name)


def lacks_same_site(page: Page, cookie: Cookie) -> bool:
    return not cookie.same_site


def is_none_plain(page: Page, cookie: Cookie) -> bool:
    return cookie.same_site == "none" and "secure" not in cookie.flags


def breaks_prefix(page: Page, cookie: Cookie) -> bool:
    name, flags = cookie.name.lower(), cookie.flags
    if not name.startswith(("__secure-", "__host-")):
        return False
    if "secure" not in flags or not (page.is_secure or is_local(page.host)):
        return True
    return name.startswith("__host-") and (bool(flags.get("domain")) or flags.get("path") != "/")


REMEDY = Text(
    "Set it with its flags: `Set-Cookie: name=value; Path=/; Secure; HttpOnly; SameSite=Lax`."
)
MDN, OWASP = "MDN: Set-Cookie", "OWASP Session Management Cheat Sheet"
NO_SECURE, NO_HTTP_ONLY = Text("Secure is missing."), Text("HttpOnly is missing.")
NO_SITE = Text("SameSite is missing.")
RULES = (
    Rule(
        "session-cookie-not-secure",
        Severity.HIGH,
        Text("Session cookie without Secure"),
        Text(
            "The cookie is sent by http, too. Who is on the way, and gets one such request, is "
            "signed in as the visitor."
        ),
        REMEDY,
        OWASP,
        Scope.GOOD,
        find(lacks_secure, NO_SECURE, session=True),
    ),
    Rule(
        "cookie-not-secure",
        Severity.LOW,
        Text("Cookie without Secure"),
        Text("The cookie is sent by http, too. Who is on the way can read and change it."),
        REMEDY,
        MDN,
        Scope.GOOD,
        find(lacks_secure, NO_SECURE, session=False),
    ),
    Rule(
        "session-cookie-not-http-only",
        Severity.MEDIUM,
        Text("Session cookie without HttpOnly"),
        Text(
            "Scripts of the page can read the cookie. One that somebody gets into it can take "
            "the session away."
        ),
        REMEDY,
        OWASP,
        Scope.GOOD,
        find(lacks_http_only, NO_HTTP_ONLY, session=True),
    ),
    Rule(
        "cookie-not-http-only",
        Severity.INFO,
        Text("Cookie without HttpOnly"),
        Text(
            "Scripts of the page can read the cookie. That is fine where they need it, and a "
            "risk where they do not."
        ),
        REMEDY,
        MDN,
        Scope.GOOD,
        find(lacks_http_only, NO_HTTP_ONLY, session=False),
    ),
    Rule(
        "session-cookie-without-same-site",
        Severity.LOW,
        Text("Session cookie without SameSite"),
        Text(
            "The cookie does not say whether it is sent when other sites ask. Some browsers "
            "send it then, and with it forged requests are obeyed."
        ),
        REMEDY,
        OWASP,
        Scope.GOOD,
        find(lacks_same_site, NO_SITE, session=True),
    ),
    Rule(
        "cookie-without-same-site",
        Severity.INFO,
        Text("Cookie without SameSite"),
        Text(
            "The cookie does not say whether it is sent when other sites ask. Browsers differ "
            "then, and some send it."
        ),
        REMEDY,
        MDN,
        Scope.GOOD,
        find(lacks_same_site, NO_SITE, session=False),
    ),
    Rule(
        "cookie-none-not-secure",
        Severity.MEDIUM,
        Text("Cookie with SameSite=None, but without Secure"),
        Text(
            "The cookie is meant for requests of other sites, but not kept to https. Browsers "
            "throw it away, or send it openly."
        ),
        Text("Add the flag: `Set-Cookie: name=value; Path=/; Secure; HttpOnly; SameSite=None`."),
        MDN,
        Scope.GOOD,
        find(is_none_plain, Text("SameSite is None, and Secure is missing.")),
    ),
    Rule(
        "cookie-prefix-broken",
        Severity.MEDIUM,
        Text("Cookie that breaks the promise of its name"),
        Text(
            "The name begins with __Host- or __Secure-, but the flags are not those that it "
            "asks for. Browsers throw such a cookie away."
        ),
        Text(
            "Set what it asks for: `Set-Cookie: __Host-name=value; Path=/; Secure`, without Domain."
        ),
        "RFC 6265bis, section 4.1.3",
        Scope.GOOD,
        find(breaks_prefix, Text("Its flags are not those of its prefix.")),
    ),
)
