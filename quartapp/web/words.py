"""What the rows of the dashboard say; a thousand of them repeat themselves."""

from functools import cache

from quart_babel import gettext, ngettext

from quartapp.languages import translate
from quartapp.models import State
from quartapp.models.glance import UNKNOWN, Day


class Words:
    """The words of one page, each of them translated once."""

    def __init__(self) -> None:
        self.states = {state: translate(state) for state in State}
        self.count_bugs = cache(count_bugs)
        self.count_changes = cache(count_changes)
        self.describe_outages = cache(describe_outages)

    def describe_days(self, days: str) -> str:
        """Say what the bar shows."""
        known = len(days) - days.count(UNKNOWN)
        away = days.count(Day.SHAKY) + days.count(Day.DOWN)
        return self.describe_outages(away, known)


def count_bugs(count: int) -> str:
    return ngettext("%(num)d bug", "%(num)d bugs", count)


def count_changes(count: int) -> str:
    return ngettext("%(num)d change", "%(num)d changes", count)


def describe_outages(away: int, known: int) -> str:
    if not known:
        return gettext("Nobody looked yet")
    if not away:
        return ngettext("No outage in %(num)d day", "No outage in %(num)d days", known)
    return ngettext(
        "Outages on %(away)s of %(num)d day",
        "Outages on %(away)s of %(num)d days",
        known,
        away=away,
    )
