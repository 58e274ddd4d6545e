"""Headers that browsers heed, and what they do without."""

from collections.abc import Iterator

from quartapp.models.rules.page import Page
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

REFERRERS = {
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
}


def split_values(page: Page, name: str) -> list[str]:
    values = ",".join(page.look.get_headers(name)).lower().split(",")
    return [value.strip() for value in values]


def find_framing(page: Page) -> Iterator[Place]:
    # A policy in the page cannot say who may frame it.
    policies = page.look.get_headers("content-security-policy")
    options = split_values(page, "x-frame-options")
    if not any("frame-ancestors" in policy.lower() for policy in policies) and not (
        {"deny", "sameorigin"} & set(options)
    ):
        yield "frame-ancestors", Text("Neither frame-ancestors nor X-Frame-Options limits it.")


def find_sniffing(page: Page) -> Iterator[Place]:
    has_body = page.look.get_header("content-type") and page.look.body
    if has_body and split_values(page, "x-content-type-options")[0] != "nosniff":
        yield "x-content-type-options", Text("The header does not say nosniff.")


def find_referrer(page: Page) -> str:
    """Return the policy that holds: the last one that is known, that of the page before all."""
    named = [*split_values(page, "referrer-policy")]
    named += [value.strip().lower() for value in page.get_metas("name", "referrer")]
    return next((value for value in reversed(named) if value in REFERRERS), "")


def find_referrer_missing(page: Page) -> Iterator[Place]:
    if not find_referrer(page):
        yield "referrer-policy", Text("There is no header, nor a meta tag, with a known policy.")


def find_referrer_unsafe(page: Page) -> Iterator[Place]:
    if find_referrer(page) == "unsafe-url":
        yield "referrer-policy", Text("The policy is unsafe-url.")


def find_permissions(page: Page) -> Iterator[Place]:
    if not page.look.get_header("permissions-policy"):
        yield "permissions-policy", Text("There is no Permissions-Policy header.")


def find_open_credentials(page: Page) -> Iterator[Place]:
    origin = page.look.get_header("access-control-allow-origin")
    if origin == "*" and page.look.get_header("access-control-allow-credentials") == "true":
        yield "access-control-allow-origin", Text("Every origin is allowed, with credentials.")


def find_null_origin(page: Page) -> Iterator[Place]:
    if page.look.get_header("access-control-allow-origin") == "null":
        yield "access-control-allow-origin", Text("The origin null is allowed.")


RULES = (
    Rule(
        "framing-allowed",
        Severity.MEDIUM,
        Text("Every site may frame the page"),
        Text(
            "Other sites can show the page in a frame, invisibly above their own. Visitors then "
            "click on it without knowing."
        ),
        Text("Say who may: `Content-Security-Policy: frame-ancestors 'self'`."),
        "OWASP Clickjacking Defense Cheat Sheet",
        Scope.HEAD,
        find_framing,
    ),
    Rule(
        "nosniff-missing",
        Severity.LOW,
        Text("Browsers guess the media type"),
        Text(
            "Browsers may take an answer for something else than its Content-Type says. A file "
            "that somebody uploaded can then run as a script."
        ),
        Text("Send this header with every answer: `X-Content-Type-Options: nosniff`."),
        "MDN: X-Content-Type-Options",
        Scope.GOOD,
        find_sniffing,
    ),
    Rule(
        "referrer-policy-missing",
        Severity.INFO,
        Text("No Referrer-Policy"),
        Text(
            "What other sites learn of the addresses of this one is left to the browser. Newer "
            "ones send the origin only, older ones all of it."
        ),
        Text("Send this header: `Referrer-Policy: strict-origin-when-cross-origin`."),
        "MDN: Referrer-Policy",
        Scope.HEAD,
        find_referrer_missing,
    ),
    Rule(
        "referrer-policy-unsafe",
        Severity.LOW,
        Text("Referrer-Policy tells all"),
        Text(
            "Other sites get the whole address that a visitor comes from, even by http. "
            "Addresses may hold names, searches and keys."
        ),
        Text("Send this header: `Referrer-Policy: strict-origin-when-cross-origin`."),
        "MDN: Referrer-Policy",
        Scope.HEAD,
        find_referrer_unsafe,
    ),
    Rule(
        "permissions-policy-missing",
        Severity.INFO,
        Text("No Permissions-Policy"),
        Text(
            "The page does not give up what it does not need, as camera and position. Scripts "
            "that get into it may ask visitors for them in its name."
        ),
        Text("Send this header: `Permissions-Policy: camera=(), geolocation=(), microphone=()`."),
        "MDN: Permissions-Policy",
        Scope.HEAD,
        find_permissions,
    ),
    Rule(
        "cors-any-with-credentials",
        Severity.MEDIUM,
        Text("All origins allowed with credentials"),
        Text(
            "The answer lets every site read it, and wants cookies to be sent along. Browsers "
            "refuse the two together, which often leads to an origin that is let in unseen."
        ),
        Text(
            "Allow one origin that is known: `Access-Control-Allow-Origin: "
            "https://app.example.com`."
        ),
        "MDN: Access-Control-Allow-Credentials",
        Scope.GOOD,
        find_open_credentials,
    ),
    Rule(
        "cors-null-origin",
        Severity.MEDIUM,
        Text("The origin null is allowed"),
        Text(
            "The answer may be read by the origin null. Every site can take it on, by a frame "
            "that is sandboxed."
        ),
        Text(
            "Allow one origin that is known: `Access-Control-Allow-Origin: "
            "https://app.example.com`."
        ),
        "W3C CORS for Developers: Avoid returning null",
        Scope.GOOD,
        find_null_origin,
    ),
)
