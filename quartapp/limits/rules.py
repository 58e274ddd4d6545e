"""How much is allowed: what each blueprint declares, what a view adds, and who is exempt."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from limits import RateLimitItem, parse
from quart import Quart

from quartapp.limits.keys import by_address, by_all, by_asker

F = TypeVar("F", bound=Callable[..., Any])


class Rule(NamedTuple):
    """So many requests in so much time."""

    name: str  # in the headers
    allows: RateLimitItem
    by: Callable[[], str] = by_asker
    is_told: bool = True  # in the headers: what others do, and who is who, is nobody's business


class Verdict(NamedTuple):
    """What became of a hit."""

    rule: Rule
    is_allowed: bool
    remaining: int
    wait: int  # s until there is more


API = Rule("api", parse("600/minute"))
PAGES = Rule("pages", parse("300/minute"))
SETTINGS = {"api": "RATE_LIMIT_API", "pages": "RATE_LIMIT_PAGES"}  # which say it anew
ELSEWHERE = PAGES  # addresses that are not there

# What the views of a blueprint allow; a new one belongs here.
DEFAULTS = {
    "account": PAGES,
    "admin": PAGES,
    "api_v1": API,
    "auth": PAGES,
    "bug": PAGES,
    "channel": PAGES,
    "comment": PAGES,
    "entity": PAGES,
    "group": PAGES,
    "incident": PAGES,
    "link": PAGES,
    "dashboard": PAGES,
    "maintenance": PAGES,
    "passkey": PAGES,
    "second_factor": PAGES,
    "status": PAGES,
    "tamper": PAGES,
    "usability": PAGES,
}

MESSAGES = Rule("messages", parse("60/10seconds"))  # on all sockets of one asker
LOGIN_BY_ADDRESS = Rule("login-address", parse("10/5minutes"), by_address)
LOGIN_BY_ACCOUNT = Rule("login-account", parse("10/5minutes"))
LOGIN_BY_USER = Rule("login-user", parse("10/5minutes"), is_told=False)
LOGIN_IN_ALL = Rule("login", parse("1000/5minutes"), by_all, is_told=False)
SECOND_BY_ACCOUNT = Rule("second-account", parse("10/5minutes"))
SECOND_BY_DAY = Rule("second-day", parse("96/day"))
RESET_BY_ADDRESS = Rule("reset-address", parse("5/day"), by_address)
RESET_BY_ACCOUNT = Rule("reset-account", parse("5/day"))
RESET_BY_USER = Rule("reset-user", parse("5/day"), is_told=False)


def limit(allows: str, by: Callable[[], str] = by_asker) -> Callable[[F], F]:
    """Allow a view no more than this, besides what its blueprint allows: `@limit("20/minute")`."""

    def mark(view: F) -> F:
        rule = Rule(view.__name__, parse(allows), by)
        view.__dict__["limits"] = (*view.__dict__.get("limits", ()), rule)
        return view

    return mark


def unlimited(view: F) -> F:
    """Exempt a view from all limits."""
    view.__dict__["unlimited"] = True
    return view


def find_rules(app: Quart, endpoint: str | None) -> list[Rule] | None:
    """Return what limits a route: nothing when it is exempt, None when nobody has decided."""
    name = endpoint or ""
    view = app.view_functions.get(name)
    if getattr(view, "unlimited", False):
        return []
    default = DEFAULTS.get(name.partition(".")[0])
    rules = [*([default] if default else []), *getattr(view, "limits", ())]
    return [apply_settings(app, rule) for rule in rules] or None


def apply_settings(app: Quart, rule: Rule) -> Rule:
    """Return a rule as the settings have it."""
    setting = SETTINGS.get(rule.name)
    return rule._replace(allows=parse(app.config[setting])) if setting else rule
