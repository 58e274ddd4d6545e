"""Looks to judge: a sound one, and what differs from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quartapp.models.look import Look, Reason, SeenCertificate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATE = SeenCertificate(
    "00", "CN=a", "CN=b", NOW - timedelta(days=30), NOW + timedelta(days=60), "TLSv1.3"
)
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=()",
}
Examples = dict[str, tuple[list[Look], list[Look]]]  # by rule: what it sees, what it leaves
SITE = "https://www.example.com/"
HTTP = "http://www.example.com/"


def see(
    body: str = "<title>Welcome</title>",
    *,
    url: str = SITE,
    status: int = 200,
    hops: tuple[str, ...] = (),
    cookies: tuple[str, ...] = (),
    cut: bool = False,
    **headers: str | None,
) -> Look:
    """Return a look at a page without a flaw, but for what is given; None leaves a header out."""
    named = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [(name, value) for name, value in named.items() if value is not None]
    return Look(
        hops[0] if hops else url,
        NOW,
        status=status,
        final_url=url,
        hops=hops,
        headers=(*lines, *(("set-cookie", cookie) for cookie in cookies)),
        body=body.encode(),
        is_cut=cut,
        certificate=CERTIFICATE if url.startswith("https:") else None,
    )


def show(*, left: float = 60, whole: float = 90, protocol: str = "TLSv1.3") -> Look:
    """Return a look whose certificate is made for *whole* days, *left* of them to come."""
    end = NOW + timedelta(days=left)
    begin = end - timedelta(days=whole)
    seen = replace(CERTIFICATE, not_before=begin, not_after=end, protocol=protocol)
    return replace(see(), certificate=seen)


def fail(reason: Reason, detail: str) -> Look:
    return Look(SITE, NOW, reason=reason, detail=detail, final_url=SITE)


def refuse(words: str) -> Look:
    return fail(Reason.TLS, f"The certificate does not hold: {words}.")


def sts(value: str | None, url: str = SITE) -> Look:
    return see(url=url, strict_transport_security=value)


def csp(value: str | None, body: str = "") -> Look:
    return see(body, content_security_policy=value)


def set_cookies(*cookies: str, url: str = SITE) -> Look:
    return see(url=url, cookies=cookies)


def power(value: str, status: int = 200) -> Look:
    return see(status=status, x_powered_by=value)
