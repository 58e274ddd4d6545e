"""What a content security policy leaves open; of several all hold, so a good one is enough."""

from collections.abc import Callable, Iterator

from quartapp.models.rules.page import Page
from quartapp.models.rules.policy import (
    Policy,
    allows_eval,
    allows_inline,
    get_sources,
    get_wide,
    limits_scripts,
)
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

NAME = "content-security-policy"


def find_missing(page: Page) -> Iterator[Place]:
    if not any(map(limits_scripts, page.policies)):
        what = (
            Text("No policy names script-src or default-src.")
            if page.policies
            else Text("There is none.")
        )
        yield NAME, what


def find_allowed(
    allows: Callable[[Policy], bool], place: str, detail: str
) -> Callable[[Page], Iterator[Place]]:
    """Return what finds pages whose policies limit scripts, but not in this."""

    def find(page: Page) -> Iterator[Place]:
        if any(map(limits_scripts, page.policies)) and all(map(allows, page.policies)):
            yield place, detail

    return find


def find_wide(page: Page) -> Iterator[Place]:
    if any(map(limits_scripts, page.policies)):
        wide = [sources for policy in page.policies if (sources := get_wide(policy)) is not None]
        for source in sorted(set.intersection(*wide) if wide else set()):
            yield source, Text("Scripts may come from all of %(source)s.", source=source)


def lacks_objects(policy: Policy) -> bool:
    return get_sources(policy, "object-src", "default-src") is None


def lacks_base(policy: Policy) -> bool:
    return "base-uri" not in policy


RULES = (
    Rule(
        "csp-missing",
        Severity.MEDIUM,
        Text("No Content-Security-Policy for scripts"),
        Text(
            "Browsers run every script that gets into the page. A single hole through which "
            "somebody can write into it is enough to act in the name of visitors."
        ),
        Text(
            "Send a policy, at first as Content-Security-Policy-Report-Only: "
            "`Content-Security-Policy: default-src 'self'; object-src 'none'; base-uri 'none'`."
        ),
        "W3C Content Security Policy Level 3",
        Scope.HEAD,
        find_missing,
    ),
    Rule(
        "csp-unsafe-inline",
        Severity.MEDIUM,
        Text("Content-Security-Policy lets inline scripts run"),
        Text(
            "The policy says 'unsafe-inline' for scripts. It then does not hold off what it is "
            "there for: scripts that somebody wrote into the page."
        ),
        Text(
            "Move inline scripts into files, or mark them by a nonce that is new for each "
            "answer: `script-src 'nonce-…' 'strict-dynamic'`."
        ),
        "W3C Content Security Policy Level 3, section 6.7.3.2",
        Scope.HEAD,
        find_allowed(allows_inline, "script-src", Text("Scripts may stand in the page.")),
    ),
    Rule(
        "csp-unsafe-eval",
        Severity.LOW,
        Text("Content-Security-Policy lets text run as script"),
        Text(
            "The policy says 'unsafe-eval' for scripts. Code that makes scripts of text can "
            "then be used by those who get a text into the page."
        ),
        Text("Replace `eval` and `new Function`, then take 'unsafe-eval' out of script-src."),
        "MDN: Content-Security-Policy: script-src",
        Scope.HEAD,
        find_allowed(allows_eval, "script-src", Text("Text may be run as a script.")),
    ),
    Rule(
        "csp-wide-sources",
        Severity.MEDIUM,
        Text("Content-Security-Policy lets scripts come from anywhere"),
        Text(
            "The sources for scripts hold a wildcard or a whole scheme. Who can write a script "
            "tag into the page can load any script."
        ),
        Text("Name the hosts that scripts come from: `script-src 'self' https://cdn.example.com`."),
        "OWASP Content Security Policy Cheat Sheet",
        Scope.HEAD,
        find_wide,
    ),
    Rule(
        "csp-object-src-missing",
        Severity.LOW,
        Text("Content-Security-Policy does not limit objects"),
        Text(
            "The policy names neither object-src nor default-src. Objects and embeds may then "
            "be loaded from everywhere."
        ),
        Text("Add `object-src 'none'` to the policy."),
        "MDN: Content-Security-Policy: object-src",
        Scope.HEAD,
        find_allowed(lacks_objects, "object-src", Text("Objects may come from everywhere.")),
    ),
    Rule(
        "csp-base-uri-missing",
        Severity.LOW,
        Text("Content-Security-Policy does not limit the base"),
        Text(
            "The policy does not name base-uri, for which default-src does not stand in. Who "
            "can write a base tag into the page makes its own scripts load from elsewhere."
        ),
        Text("Add `base-uri 'none'` to the policy."),
        "MDN: Content-Security-Policy: base-uri",
        Scope.HEAD,
        find_allowed(lacks_base, "base-uri", Text("A base tag may lead anywhere.")),
    ),
)
