from typing import Any

from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from quartapp.models import Bug, User
from quartapp.models.bug import BODY_LENGTH, TITLE_LENGTH
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.text import clean_line, clean_text
from quartapp.web.forms import BaseForm, Clean

STATES = {
    FindingState.OPEN.value: "Open",
    FindingState.CONFIRMED.value: "Confirmed",
    FindingState.FIXED.value: "Fixed",
    FindingState.WONT_FIX.value: "Will not be fixed",
    FindingState.FALSE_POSITIVE.value: "False alarm",
}
SEVERITIES = {severity.value: severity.capitalize() for severity in Severity}
CHOICE = [InputRequired()]


def to_id(value: object) -> int | None:
    return int(str(value)) if value else None


class ReportForm(BaseForm):
    title = StringField(
        "What is weak", [DataRequired(), Clean(clean_line), Length(1, TITLE_LENGTH)]
    )
    severity = SelectField("Severity", CHOICE, choices=SEVERITIES, default=Severity.MEDIUM)
    body = TextAreaField(
        "What you have seen",
        [Clean(clean_text), Length(max=BODY_LENGTH)],
        description="Where it is, and how to see it again.",
        render_kw={"rows": 5},
    )

    @property
    def values(self) -> dict[str, Any]:
        return {name: self[name].data for name in ("title", "severity", "body")}


class SettleForm(BaseForm):
    state = SelectField("State", CHOICE, choices=STATES)
    severity = SelectField("Severity", CHOICE, choices=SEVERITIES)
    assignee_id = SelectField("Who looks after it", coerce=to_id)
    due_on = DateField("Due on", [Optional()])

    def offer(self, people: list[User], bug: Bug) -> None:
        """Let one of *people* be chosen, or whoever has it, or nobody."""
        known = people if bug.assignee in (None, *people) else [*people, bug.assignee]
        named = {str(user.id): user.name for user in known if user}
        self.assignee_id.choices = {"": "Nobody", **named}
