"""Examples of cookies."""

from tests.models.rules.looks import HTTP, Examples, set_cookies

GOOD = "; Path=/; Secure; HttpOnly; SameSite=Lax"
COOKIES: Examples = {
    "session-cookie-not-secure": (
        [set_cookies("PHPSESSID=1; HttpOnly"), set_cookies("a=1", "auth_token=1; samesite=lax")],
        [
            set_cookies(f"session=1{GOOD}"),
            set_cookies("session=1", url=HTTP),
            set_cookies("session=; Max-Age=0"),
            set_cookies("session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
            set_cookies("author=1"),
        ],
    ),
    "cookie-not-secure": (
        [set_cookies("theme=dark"), set_cookies("csrftoken=1; Path=/")],
        [set_cookies("theme=dark; SECURE"), set_cookies("sid=1"), set_cookies("a=b", url=HTTP)],
    ),
    "session-cookie-not-http-only": (
        [set_cookies("connect.sid=1; Secure"), set_cookies("JSESSIONID=1; Path=/")],
        [set_cookies("sid=1; httponly"), set_cookies("theme=1"), set_cookies("session_csrf=1")],
    ),
    "cookie-not-http-only": (
        [set_cookies("theme=dark"), set_cookies("inside=1; Secure")],
        [set_cookies("a=1; HttpOnly"), set_cookies("XSRF-TOKEN=1"), set_cookies("sid=1")],
    ),
    "session-cookie-without-same-site": (
        [set_cookies("session=1; Secure"), set_cookies("session=1; SameSite=maybe")],
        [set_cookies("session=1; samesite=strict"), set_cookies("a=1"), set_cookies()],
    ),
    "cookie-without-same-site": (
        [set_cookies("theme=1; Secure"), set_cookies("a=1; SameSite")],
        [set_cookies("a=1; SameSite=None"), set_cookies("sid=1"), set_cookies("a=; Max-Age=-1")],
    ),
    "cookie-none-not-secure": (
        [set_cookies("a=1; SameSite=None"), set_cookies("sid=1; samesite=none; HttpOnly")],
        [
            set_cookies("a=1; SameSite=None; Secure"),
            set_cookies("a=1"),
            set_cookies("a=1; SameSite=Lax"),
        ],
    ),
    "cookie-prefix-broken": (
        [
            set_cookies("__Secure-a=1"),
            set_cookies("__Host-a=1; Secure; Path=/; Domain=example.com"),
            set_cookies("__host-a=1; Secure; Path=/x"),
        ],
        [
            set_cookies("__Host-a=1; Secure; Path=/"),
            set_cookies("__Secure-a=1; Secure; Domain=example.com"),
            set_cookies("__other=1"),
        ],
    ),
}
