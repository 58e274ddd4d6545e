"""What a list of bugs shows, as its address says."""

from dataclasses import dataclass
from typing import Any

from quart import request

from quartapp.auth import get_user
from quartapp.models import utcnow
from quartapp.models.bug import RULE_LENGTH, Order
from quartapp.models.rules import Severity
from quartapp.models.tally import ACTIVE, FindingState
from quartapp.web.paging import read_choice, read_key, read_search

ANY = "any"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bugs; without a state, those that wait for somebody."""

    state: FindingState | None
    of_any_state: bool
    severity: Severity | None
    site: str
    rule: str
    is_mine: bool
    is_overdue: bool
    assignee: int | None
    order: Order

    @property
    def conditions(self) -> dict[str, Any]:
        """What services/bug.py is asked for."""
        states = [self.state] if self.state else [] if self.of_any_state else sorted(ACTIVE)
        return {
            "states": states,
            "severity": self.severity,
            "site": self.site,
            "rule": self.rule or None,
            "assignee_id": get_user().id if self.is_mine else self.assignee,
            "overdue_on": utcnow().date() if self.is_overdue else None,
            "order": self.order,
        }

    @property
    def export(self) -> dict[str, Any]:
        """What the address of the same list in the API says."""
        asked = self.conditions
        return {
            "state": asked["states"],
            "severity": self.severity,
            "q": self.site or None,
            "rule": self.rule or None,
            "assignee": asked["assignee_id"],
            "overdue": "true" if self.is_overdue else None,
        }

    @property
    def address(self) -> dict[str, Any]:
        """What the addresses of the other pages say."""
        said = {
            "state": ANY if self.of_any_state else self.state or "",
            "severity": self.severity or "",
            "q": self.site,
            "rule": self.rule,
            "mine": "1" if self.is_mine else "",
            "overdue": "1" if self.is_overdue else "",
            "assignee": self.assignee or "",
            "sort": self.order if self.order is not Order.WORST else "",
        }
        return {name: str(value) for name, value in said.items() if value}


def read_wanted() -> Wanted:
    of_any_state = request.args.get("state") == ANY
    return Wanted(
        state=None if of_any_state else read_choice("state", FindingState),
        of_any_state=of_any_state,
        severity=read_choice("severity", Severity),
        site=read_search(),
        rule=request.args.get("rule", "")[:RULE_LENGTH],
        is_mine=bool(request.args.get("mine")),
        is_overdue=bool(request.args.get("overdue")),
        assignee=read_key("assignee"),
        order=read_choice("sort", Order) or Order.WORST,
    )
