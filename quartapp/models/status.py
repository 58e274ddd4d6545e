"""What strangers are told of a public site: whether it is there, and nothing of why it is not."""

from datetime import datetime

from quartapp.models.check import Check
from quartapp.models.usability import State

WORDS = {
    State.NEW: "Not looked at yet",
    State.UP: "Up",
    State.SUSPECT: "In doubt",
    State.DOWN: "Down",
    State.RECOVERING: "Answering again",
    State.PAUSED: "Not watched",
    State.MAINTENANCE: "Maintenance",
}


def write_state(state: State) -> str:
    return WORDS[state]


def find_since(check: Check) -> datetime | None:
    """Return since when a site stands where it does; one that is down, since its outage began."""
    if check.state == State.DOWN and check.outage is not None:
        return check.outage.started_at
    return check.state_since
