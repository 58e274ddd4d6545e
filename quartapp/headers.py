"""What every response says to the browser about itself."""

from quart import Quart, Response, current_app

CSP = "; ".join(
    (
        "default-src 'none'",
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


def init_app(app: Quart) -> None:
    app.after_request(add_headers)


async def add_headers(response: Response) -> Response:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    for name, value in (ALWAYS | HTTPS if secure else ALWAYS).items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.vary.update(("Cookie", "Authorization"))
    return response
