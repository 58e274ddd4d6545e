"""How limits are told: draft-ietf-httpapi-ratelimit-headers, and words for people."""

from collections.abc import Iterable
from math import ceil

from werkzeug.datastructures import Headers

from quartapp.limits.rules import Verdict
from quartapp.texts import Count

MINUTE, HOUR = 60, 3600  # s


def write_headers(headers: Headers, verdicts: Iterable[Verdict]) -> None:
    """Tell what is allowed, and what is left of it."""
    told = [verdict for verdict in verdicts if verdict.rule.is_told]
    if told:
        headers["RateLimit-Policy"] = ", ".join(map(format_policy, told))
        headers["RateLimit"] = ", ".join(map(format_state, told))


def format_policy(verdict: Verdict) -> str:
    allows = verdict.rule.allows
    return f'"{verdict.rule.name}";q={allows.amount};w={allows.get_expiry()}'


def format_state(verdict: Verdict) -> str:
    return f'"{verdict.rule.name}";r={verdict.remaining};t={verdict.wait}'


def describe_wait(seconds: int) -> Count:
    if seconds > 2 * HOUR:
        return Count("%(num)d hour", "%(num)d hours", ceil(seconds / HOUR))
    if seconds > 2 * MINUTE:
        return Count("%(num)d minute", "%(num)d minutes", ceil(seconds / MINUTE))
    return Count("%(num)d second", "%(num)d seconds", seconds)
