"""What every response says to the browser about itself."""

from collections.abc import Mapping

from quartapp.app import QuartApp
from quartapp.asgi.scope import Headers

CSP = "; ".join(
    (
        "default-src 'none'",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HTTPS = {  # browsers ignore these elsewhere, the second one with a complaint
    "Strict-Transport-Security": f"max-age={2 * 365 * 24 * 3600}; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
}


STORED_NOWHERE = (b"cache-control", b"no-store")
PERSONAL = b"Cookie, Authorization"


def init_app(app: QuartApp) -> None:
    always = ALWAYS | HTTPS if app.config["SESSION_COOKIE_SECURE"] else ALWAYS
    app.finish_headers = Finisher(always).finish


class Finisher:
    """Adds to the headers of an answer what every one says, unless it says so itself."""

    def __init__(self, always: Mapping[str, str]) -> None:
        self.always = [(name.lower().encode(), value.encode()) for name, value in always.items()]

    def finish(self, headers: Headers) -> Headers:
        given = {name for name, _ in headers}
        finished = [*headers, *(header for header in self.always if header[0] not in given)]
        if b"cache-control" in given:
            return finished
        return [*vary_by_person(finished), STORED_NOWHERE]


def vary_by_person(headers: Headers) -> Headers:
    """Let caches know that the answer is another one for each person."""
    values = [value for name, value in headers if name == b"vary"]
    others = [header for header in headers if header[0] != b"vary"] if values else headers
    parts = [part.strip() for value in (*values, PERSONAL) for part in value.split(b",")]
    return [*others, (b"vary", b", ".join(dict.fromkeys(parts)))]
