"""What the answer tells of the software behind it."""

import re
from collections.abc import Callable, Iterator

from quartapp.models.rules.page import Page
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

# From where a name begins, and never back: a header may be long.
SERVER = re.compile(r"(?<![\w.-])(?=[\d_.-]*+[a-z])[\w.-]++/v?\d+\.\d+", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"(?<![\w.])v?\d+\.\d+|[a-z]/\d+\.\d+", re.IGNORECASE | re.ASCII)


def find_header(*names: str, number: re.Pattern[str]) -> Callable[[Page], Iterator[Place]]:
    def find(page: Page) -> Iterator[Place]:
        for name in names:
            for value in page.look.get_headers(name):
                if number.search(value):
                    yield name, Text("It says “%(value)s”.", value=value)

    return find


def find_generator(page: Page) -> Iterator[Place]:
    for value in page.get_metas("name", "generator"):
        if NUMBER.search(value):
            yield "generator", Text("It says “%(value)s”.", value=value)


RULES = (
    Rule(
        "server-version-shown",
        Severity.LOW,
        Text("Version of the server shown"),
        Text(
            "The Server header tells the version of the software. Who looks for sites with a "
            "known hole finds this one without trying."
        ),
        Text("Leave it out, in nginx by `server_tokens off;`, in Apache by `ServerTokens Prod`."),
        "OWASP HTTP Headers Cheat Sheet",
        Scope.ANSWER,
        find_header("server", number=SERVER),
    ),
    Rule(
        "framework-version-shown",
        Severity.LOW,
        Text("Version of the framework shown"),
        Text(
            "A header tells the version of the framework or language. Who looks for sites with "
            "a known hole finds this one without trying."
        ),
        Text(
            "Take the header out, in PHP by `expose_php = Off`, in nginx by `proxy_hide_header "
            "X-Powered-By;`."
        ),
        "OWASP HTTP Headers Cheat Sheet",
        Scope.ANSWER,
        find_header(
            "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", number=NUMBER
        ),
    ),
    Rule(
        "generator-version-shown",
        Severity.LOW,
        Text("Version of the generator shown"),
        Text(
            "A meta tag tells the version of the software that made the page. Who looks for "
            "sites with a known hole finds this one without trying."
        ),
        Text("Take the tag out, in WordPress by `remove_action('wp_head', 'wp_generator');`."),
        "OWASP Web Security Testing Guide: Fingerprint Web Application Framework",
        Scope.PAGE,
        find_generator,
    ),
)
