"""What a page takes from hosts of others, and what it sends them."""

from collections.abc import Callable, Iterator
from urllib.parse import SplitResult

from quartapp.models.rules.page import Page, is_address, is_local, name_place
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

# What they send depends on who asks, or changes without notice: no hash can stand for it.
UNPINNED = {
    "challenges.cloudflare.com",
    "connect.facebook.net",
    "fonts.googleapis.com",
    "js.hcaptcha.com",
    "js.stripe.com",
    "maps.googleapis.com",
    "platform.twitter.com",
    "static.cloudflareinsights.com",
    "use.typekit.net",
    "www.google-analytics.com",
    "www.google.com",
    "www.googletagmanager.com",
    "www.paypal.com",
}
SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "org"}


def is_foreign(page: Page, target: SplitResult) -> bool:
    """Tell whether the host belongs to somebody else, as far as names tell.

    Without the list of public suffixes two customers of one host, as a.github.io and b.github.io,
    pass for one site: rather say nothing than something wrong.
    """
    host = target.hostname or ""
    is_web = target.scheme in {"http", "https"} and bool(host)
    return is_web and get_site(host) != get_site(page.host)


def get_site(host: str) -> str:
    labels = host.rstrip(".").split(".")
    if is_address(host) or len(labels) < 3:
        return ".".join(labels)
    is_country = len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL
    return ".".join(labels[-3 if is_country else -2 :])


def find_unpinned(name: str, attribute: str) -> Callable[[Page], Iterator[Place]]:
    """Return what finds files of foreign hosts that are taken as they come."""

    def find(page: Page) -> Iterator[Place]:
        for tag in page.get_tags(name):
            if (name == "link" and not tag.is_stylesheet) or tag.get("integrity").strip():
                continue
            target = page.resolve(tag.get(attribute)) if tag.get(attribute) else page.address
            if is_foreign(page, target) and target.hostname not in UNPINNED:
                yield name_place(target), Text("It has no integrity attribute.")

    return find


def find_plain_passwords(page: Page) -> Iterator[Place]:
    if page.address.scheme == "http" and not is_local(page.host):
        inputs = page.get_tags("input")
        if any(tag.get("type").strip().lower() == "password" for tag in inputs):
            yield name_place(page.address), Text("The page asks for a password.")


def find_foreign_forms(page: Page) -> Iterator[Place]:
    # A page by https that does so is mixed.
    for tag in page.get_tags("form") if page.address.scheme == "http" else ():
        target = page.resolve(tag.get("action"))
        is_post = tag.get("method").strip().lower() == "post"
        if is_post and target.scheme == "http" and is_foreign(page, target):
            yield name_place(target), Text("A form posts to it.")


PINNED = Text(
    "Best take the file to your own host, or pin it: "
    '`integrity="sha384-…" crossorigin="anonymous"`.'
)
RULES = (
    Rule(
        "sri-missing-script",
        Severity.MEDIUM,
        Text("Foreign script without integrity"),
        Text(
            "A script comes from a foreign host, whatever it is by now. Who takes over the host "
            "can change this page."
        ),
        PINNED,
        "W3C Subresource Integrity",
        Scope.PAGE,
        find_unpinned("script", "src"),
    ),
    Rule(
        "sri-missing-style",
        Severity.LOW,
        Text("Foreign stylesheet without integrity"),
        Text(
            "A stylesheet comes from a foreign host, whatever it is by now. Who takes over the "
            "host can change this page."
        ),
        PINNED,
        "W3C Subresource Integrity",
        Scope.PAGE,
        find_unpinned("link", "href"),
    ),
    Rule(
        "password-over-http",
        Severity.HIGH,
        Text("Password asked for by http"),
        Text(
            "A page that came by http asks for a password. Everybody on the way can read it, or "
            "change where it is sent."
        ),
        Text("Lead all of http to https, in nginx by `return 301 https://$host$request_uri;`."),
        "OWASP Authentication Cheat Sheet",
        Scope.PAGE,
        find_plain_passwords,
    ),
    Rule(
        "form-to-foreign-http",
        Severity.MEDIUM,
        Text("Form that posts to a foreign host by http"),
        Text(
            "What is typed into the form goes to another host, and by http. Everybody on the "
            "way can read it."
        ),
        Text(
            'Let the form lead to https: `<form method="post" action="https://www.example.com/">`.'
        ),
        "OWASP Transport Layer Security Cheat Sheet",
        Scope.PAGE,
        find_foreign_forms,
    ),
)
