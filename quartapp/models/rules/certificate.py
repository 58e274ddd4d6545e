"""TLS, and the certificate that it rests on."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from quartapp.models.look import Reason
from quartapp.models.rules.page import Page
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

SOON, NOW, LONGEST = timedelta(days=14), timedelta(days=3), timedelta(days=398)
OLD = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"}
REFUSED = ("unsupported protocol", "alert protocol version", "version too low")
INVALID = "The certificate does not hold: "
EXPIRED, EARLY, MISMATCH = "has expired", "not yet valid", "mismatch"


def find_old_protocol(page: Page) -> Iterator[Place]:
    seen = page.look.certificate
    if seen and seen.protocol in OLD:
        yield page.host, Text("It spoke %(protocol)s.", protocol=seen.protocol)
    elif page.look.reason is Reason.TLS and any(word in page.look.detail for word in REFUSED):
        yield page.host, page.look.detail


def find_invalid(*words: str) -> Callable[[Page], Iterator[Place]]:
    """Return what finds certificates that are refused in these words."""

    def find(page: Page) -> Iterator[Place]:
        detail = page.look.detail
        is_refused = page.look.reason is Reason.TLS and detail.startswith(INVALID)
        if is_refused and any(word in detail for word in words):
            yield page.host, detail

    return find


def find_untrusted(page: Page) -> Iterator[Place]:
    if not any(word in page.look.detail for word in (EXPIRED, EARLY, MISMATCH)):
        yield from find_invalid("")(page)


def find_left(page: Page) -> tuple[timedelta, timedelta] | None:
    """Return how long the certificate will hold, and for how long it was made."""
    seen = page.look.certificate
    if seen is None or page.look.reason is Reason.TLS:
        return None
    return seen.not_after - page.look.started_at, seen.not_after - seen.not_before


def find_ending_soon(page: Page) -> Iterator[Place]:
    # One that is made for days is renewed in its last third, not two weeks ahead.
    if times := find_left(page):
        left, whole = times
        if min(NOW, whole / 10) < left <= min(SOON, whole / 3):
            yield page.host, Text("It ends in %(days)s days.", days=left.days)


def find_ending_now(page: Page) -> Iterator[Place]:
    if times := find_left(page):
        left, whole = times
        if left <= min(NOW, whole / 10):
            yield (
                page.host,
                Text("It ends in %(hours)s hours.", hours=max(0, left // timedelta(hours=1))),
            )


def find_too_long(page: Page) -> Iterator[Place]:
    if (times := find_left(page)) and times[1] > LONGEST:
        yield page.host, Text("It is made for %(days)s days.", days=times[1].days)


RENEW = Text(
    "Renew the certificate, and let a timer do so from now on, for example "
    "`certbot renew --deploy-hook 'systemctl reload nginx'`."
)
RULES = (
    Rule(
        "tls-protocol-old",
        Severity.HIGH,
        Text("TLS older than 1.2"),
        Text(
            "The site speaks a version of TLS that is broken and withdrawn. Browsers refuse it, "
            "and others on the way may read or change what is sent."
        ),
        Text("Allow TLS 1.2 and 1.3 only, in nginx by `ssl_protocols TLSv1.2 TLSv1.3;`."),
        "RFC 8996",
        Scope.HANDSHAKE,
        find_old_protocol,
    ),
    Rule(
        "certificate-expired",
        Severity.CRITICAL,
        Text("Certificate out of date"),
        Text(
            "The certificate's time is over, or has not begun. Browsers warn everybody who "
            "comes, and those who go on anyway cannot know whom they talk to."
        ),
        RENEW,
        "RFC 5280, section 4.1.2.5",
        Scope.HANDSHAKE,
        find_invalid(EXPIRED, EARLY),
    ),
    Rule(
        "certificate-name-mismatch",
        Severity.HIGH,
        Text("Certificate for another name"),
        Text(
            "The certificate does not name this host. Browsers warn everybody who comes, as "
            "somebody else might be answering."
        ),
        Text(
            "Get a certificate that lists each name of the site, for example `certbot -d "
            "example.com -d www.example.com`."
        ),
        "RFC 9525",
        Scope.HANDSHAKE,
        find_invalid(MISMATCH),
    ),
    Rule(
        "certificate-untrusted",
        Severity.HIGH,
        Text("Certificate that nobody vouches for"),
        Text(
            "The chain of the certificate does not lead to an authority that browsers know. It "
            "is signed by itself, revoked, or a certificate in between is not sent along."
        ),
        Text(
            "Send the whole chain, in nginx by `ssl_certificate /path/fullchain.pem;`, of an "
            "authority that browsers trust."
        ),
        "RFC 5280, section 6",
        Scope.HANDSHAKE,
        find_untrusted,
    ),
    Rule(
        "certificate-ends-soon",
        Severity.MEDIUM,
        Text("Certificate ends soon"),
        Text(
            "The certificate ends within two weeks, and has not been renewed. Once it has "
            "ended, browsers warn everybody who comes."
        ),
        RENEW,
        "RFC 5280, section 4.1.2.5",
        Scope.HANDSHAKE,
        find_ending_soon,
    ),
    Rule(
        "certificate-ends-now",
        Severity.HIGH,
        Text("Certificate ends within days"),
        Text(
            "The certificate ends within three days, and has not been renewed. Once it has "
            "ended, browsers warn everybody who comes."
        ),
        RENEW,
        "RFC 5280, section 4.1.2.5",
        Scope.HANDSHAKE,
        find_ending_now,
    ),
    Rule(
        "certificate-too-long",
        Severity.LOW,
        Text("Certificate valid for too long"),
        Text(
            "The certificate is made for more than 398 days. Browsers refuse such ones of "
            "public authorities, and a stolen key is of use for all that time."
        ),
        Text("Get one for 90 days or less, renewed by a timer, for example by `certbot`."),
        "CA/Browser Forum Baseline Requirements, section 6.3.2",
        Scope.HANDSHAKE,
        find_too_long,
    ),
)
