"""Pages that nobody meant to show: listings, debug pages, what a server says out of the box."""

import re
from collections.abc import Callable, Iterator

from quartapp.models.rules.page import Page, name_place
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.texts import Text

LISTING = re.compile(r"(?:Index of /|Directory listing for /)")
PHP_START = re.compile(r"<b>(?:Warning|Notice|Deprecated|Fatal error|Parse error)</b>: ")
PHP_END = re.compile(r"</b> on line <b>\d+</b>")
CONSOLES = ("// Werkzeug Debugger", "EVALEX = true")
DEBUG = (
    "You're seeing this error because you have <code>DEBUG = True</code>",
    'class="Whoops container"',
    "Action Controller: Exception caught",
    "window.ignite(",
)
TRACES = (
    "Traceback (most recent call last):",
    "Whitelabel Error Page",
    "Fatal error: Uncaught",
    "[NullReferenceException",
)
JAVA = re.compile(r"\bat (?:org|com|java|javax|jakarta)\.[\w.$]{1,200}\([\w$]{1,100}\.java:\d+\)")
TOMCAT = re.compile(r"<h3>Apache Tomcat/\d+\.\d+")
DEFAULTS = re.compile(
    r"Welcome to (?:nginx|OpenResty|CentOS|tengine)!?"
    r"|Apache2 (?:Ubuntu|Debian) Default Page.*|Caddy works!|IIS Windows(?: Server)?"
    r"|(?:Test Page for the (?:Nginx|Apache|HTTP) |HTTP Server Test Page ).*|Apache Tomcat/[\d.]+"
    r"|The install worked successfully! Congratulations!",
    re.IGNORECASE,
)


def find_listing(page: Page) -> Iterator[Place]:
    text = page.text
    if LISTING.match(page.title) and ("<a href" in text or "<A HREF" in text):
        yield name_place(page.address), Text("Its title is “%(title)s”.", title=page.title[:100])


def find_default(page: Page) -> Iterator[Place]:
    if DEFAULTS.fullmatch(page.title):
        yield name_place(page.address), Text("Its title is “%(title)s”.", title=page.title[:100])


def find_words(*words: str) -> Callable[[Page], Iterator[Place]]:
    """Return what finds pages that hold one of the *words*."""

    def find(page: Page) -> Iterator[Place]:
        if word := next((word for word in words if word in page.text), None):
            yield (
                name_place(page.address),
                Text(
                    "The page of status %(status)s holds “%(word)s”.",
                    status=page.look.status,
                    word=word,
                ),
            )

    return find


def find_traces(page: Page) -> Iterator[Place]:
    if TOMCAT.search(page.text) or JAVA.search(page.text):
        yield (
            name_place(page.address),
            Text("The page of status %(status)s is of Java.", status=page.look.status),
        )
    else:
        yield from find_words(*TRACES)(page)


def find_php(page: Page) -> Iterator[Place]:
    ends = (found.start() for found in PHP_END.finditer(page.text))
    if any(PHP_START.search(page.text, max(0, end - 1000), end) for end in ends):
        yield name_place(page.address), Text("The page holds a message of PHP.")


RULES = (
    Rule(
        "directory-listed",
        Severity.MEDIUM,
        Text("Directory listed"),
        Text(
            "The server lists the files of a directory. Copies and drafts that nobody was meant "
            "to find are then found."
        ),
        Text("Switch it off, in nginx by `autoindex off;`, in Apache by `Options -Indexes`."),
        "OWASP Web Security Testing Guide: Review Webserver Metafiles",
        Scope.PAGE,
        find_listing,
    ),
    Rule(
        "default-page",
        Severity.LOW,
        Text("Page of a server out of the box"),
        Text(
            "The server shows the page it was installed with. It was set up half, or forgotten, "
            "and what is forgotten gets no updates."
        ),
        Text("Put your own page there, or switch the server off: `systemctl disable --now nginx`."),
        "OWASP Web Security Testing Guide: Test Application Platform Configuration",
        Scope.PAGE,
        find_default,
    ),
    Rule(
        "debug-console",
        Severity.CRITICAL,
        Text("Debugger open to everybody"),
        Text(
            "An error shows the debugger of Werkzeug. Its console runs what is typed into it, "
            "guarded by a number at best."
        ),
        Text(
            "Never run the server of development in public: unset `FLASK_DEBUG`, and use "
            "gunicorn or hypercorn."
        ),
        "Werkzeug: Debugging Applications",
        Scope.ERROR_PAGE,
        find_words(*CONSOLES),
    ),
    Rule(
        "debug-page",
        Severity.HIGH,
        Text("Debug page shown"),
        Text(
            "An error shows the debug page of the framework. It tells paths, versions and code "
            "to everybody, which is what an attacker looks for first."
        ),
        Text(
            "Switch debugging off, in Django by `DEBUG = False`, in Laravel by `APP_DEBUG=false`."
        ),
        "OWASP Error Handling Cheat Sheet",
        Scope.ERROR_PAGE,
        find_words(*DEBUG),
    ),
    Rule(
        "stack-trace-shown",
        Severity.MEDIUM,
        Text("Stack trace or raw error page shown"),
        Text(
            "An error is shown as the software made it. It tells paths, versions and code to "
            "everybody, which is what an attacker looks for first."
        ),
        Text(
            "Show a page of your own, in Spring by `server.error.whitelabel.enabled=false`, and "
            "keep the trace in the log."
        ),
        "OWASP Error Handling Cheat Sheet",
        Scope.ERROR_PAGE,
        find_traces,
    ),
    Rule(
        "php-error-shown",
        Severity.MEDIUM,
        Text("Message of PHP shown"),
        Text(
            "The page holds a warning or an error of PHP. It tells paths, versions and code to "
            "everybody, which is what an attacker looks for first."
        ),
        Text("Log them instead, by `display_errors = Off` and `log_errors = On`."),
        "PHP manual: Runtime configuration of error handling",
        Scope.PAGE,
        find_php,
    ),
)
