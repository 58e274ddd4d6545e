"""The way to https, and how to stay there."""

import re
from collections.abc import Iterator
from itertools import pairwise

from quartapp.models.rules.page import Page, is_address, is_local, split
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

LEAST_AGE = 180 * 24 * 3600  # seconds
MAX_AGE = re.compile(r'max-age\s*=\s*"?(\d{1,12})"?', re.ASCII)
# Browsers know these whole domains as https only.
PRELOADED = (".app", ".dev", ".page", ".new", ".foo", ".day")


def find_plain(page: Page) -> Iterator[Place]:
    urls = (page.look.url, *page.look.hops)
    was_secure = any(split(url).scheme == "https" for url in urls)
    if page.address.scheme == "http" and not was_secure and not is_local(page.host):
        yield page.host, Text("It answers by http, and leads nobody to https.")


def find_downgrade(page: Page) -> Iterator[Place]:
    ways = pairwise((*page.look.hops, page.address.geturl()))
    for source, target in ((split(source), split(target)) for source, target in ways):
        if source.scheme == "https" and target.scheme == "http":
            yield (
                source.hostname or "",
                Text("It leads to http://%(hostname)s.", hostname=target.hostname),
            )


def read_sts(page: Page) -> dict[str, str] | None:
    """Return the directives of HSTS; None where it is missing, though it would count."""
    value = page.look.get_header("strict-transport-security").lower()
    parts = [part.strip() for part in value.split(";")]
    age = next((found[1] for part in parts if (found := MAX_AGE.fullmatch(part))), None)
    return {"max-age": age, **dict.fromkeys(parts, "")} if age else None


def can_have_sts(page: Page) -> bool:
    is_named = not is_address(page.host) and not is_local(page.host)
    return page.is_secure and is_named and not page.host.endswith(PRELOADED)


def find_sts_missing(page: Page) -> Iterator[Place]:
    if can_have_sts(page) and read_sts(page) is None:
        yield page.host, Text("There is no Strict-Transport-Security header with a max-age.")


def find_sts_short(page: Page) -> Iterator[Place]:
    found = read_sts(page) if can_have_sts(page) else None
    if found and int(found["max-age"]) < LEAST_AGE:
        yield page.host, Text("Its max-age is %(seconds)s seconds.", seconds=found["max-age"])


def find_sts_narrow(page: Page) -> Iterator[Place]:
    found = read_sts(page) if can_have_sts(page) else None
    if found and int(found["max-age"]) >= LEAST_AGE and "includesubdomains" not in found:
        yield page.host, Text("The header does not say includeSubDomains.")


HEADER = "`Strict-Transport-Security: max-age=31536000; includeSubDomains`"
RULES = (
    Rule(
        "https-missing",
        Severity.HIGH,
        Text("No way to https"),
        Text(
            "The site answers by http and does not lead to https. Everybody on the way can read "
            "and change what is sent, passwords among it."
        ),
        Text("Lead all of http to https, in nginx by `return 301 https://$host$request_uri;`."),
        "OWASP Transport Layer Security Cheat Sheet",
        Scope.WAY,
        find_plain,
    ),
    Rule(
        "https-left",
        Severity.HIGH,
        Text("Redirect from https to http"),
        Text(
            "The site leads from https back to http. From there on everybody on the way can "
            "read and change what is sent."
        ),
        Text(
            "Let each redirect name an https address, as in `Location: https://www.example.com/`."
        ),
        "OWASP Transport Layer Security Cheat Sheet",
        Scope.WAY,
        find_downgrade,
    ),
    Rule(
        "hsts-missing",
        Severity.MEDIUM,
        Text("No Strict-Transport-Security"),
        Text(
            "Browsers are not told to come by https only. Who is on the way can keep those who "
            "type the name, or follow an old link, on http."
        ),
        Text("Send this header with every answer by https: %(header)s.", header=HEADER),
        "RFC 6797",
        Scope.GOOD,
        find_sts_missing,
    ),
    Rule(
        "hsts-short",
        Severity.LOW,
        Text("Strict-Transport-Security is soon forgotten"),
        Text(
            "Browsers remember for less than 180 days to come by https only. Who comes less "
            "often is as badly protected as without it."
        ),
        Text("Raise max-age to a year: %(header)s.", header=HEADER),
        "RFC 6797, section 6.1.1",
        Scope.GOOD,
        find_sts_short,
    ),
    Rule(
        "hsts-without-subdomains",
        Severity.INFO,
        Text("Strict-Transport-Security leaves out subdomains"),
        Text(
            "The rule to come by https only does not hold for subdomains. A forged one by http "
            "can set cookies that this site then gets."
        ),
        Text("Add includeSubDomains once all of them speak https: %(header)s.", header=HEADER),
        "RFC 6797, section 6.1.2",
        Scope.GOOD,
        find_sts_narrow,
    ),
)
