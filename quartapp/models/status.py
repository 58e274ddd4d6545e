"""What strangers are told of a public site: whether it is there, and nothing of why it is not."""

from datetime import datetime

from quartapp.models.check import Check
from quartapp.models.usability import State
from quartapp.texts import Text

WORDS = {
    State.NEW: Text("Not looked at yet"),
    State.UP: Text("Up"),
    State.SUSPECT: Text("In doubt"),
    State.DOWN: Text("Down"),
    State.RECOVERING: Text("Answering again"),
    State.PAUSED: Text("Not watched"),
    State.MAINTENANCE: Text("Maintenance"),
}


def write_state(state: State) -> str:
    return WORDS[state]


def find_since(check: Check) -> datetime | None:
    """Return since when a site stands where it does; one that is down, since its outage began."""
    if check.state == State.DOWN and check.outage is not None:
        return check.outage.started_at
    return check.state_since
