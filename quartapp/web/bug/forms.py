from typing import Any

from quart_babel import gettext
from quart_babel import lazy_gettext as _
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from quartapp.models import Bug, User
from quartapp.models.bug import BODY_LENGTH, TITLE_LENGTH
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.models.text import clean_line, clean_text
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, Clean, offer

STATES: dict[str, str] = {
    FindingState.OPEN.value: Text("Open"),
    FindingState.CONFIRMED.value: Text("Confirmed"),
    FindingState.FIXED.value: Text("Fixed"),
    FindingState.WONT_FIX.value: Text("Will not be fixed"),
    FindingState.FALSE_POSITIVE.value: Text("False alarm"),
}
SEVERITIES: dict[str, str] = {
    Severity.CRITICAL.value: Text("Critical"),
    Severity.HIGH.value: Text("High"),
    Severity.MEDIUM.value: Text("Medium"),
    Severity.LOW.value: Text("Low"),
    Severity.INFO.value: Text("Info"),
}
CHOICE = [InputRequired()]


def to_id(value: object) -> int | None:
    return int(str(value)) if value else None


class ReportForm(BaseForm):
    title = StringField(
        _("What is weak"), [DataRequired(), Clean(clean_line), Length(1, TITLE_LENGTH)]
    )
    severity = SelectField(
        _("Severity"), CHOICE, choices=offer(SEVERITIES), default=Severity.MEDIUM
    )
    body = TextAreaField(
        _("What you have seen"),
        [Clean(clean_text), Length(max=BODY_LENGTH)],
        description=_("Where it is, and how to see it again."),
        render_kw={"rows": 5},
    )

    @property
    def values(self) -> dict[str, Any]:
        return {name: self[name].data for name in ("title", "severity", "body")}


class SettleForm(BaseForm):
    state = SelectField(_("State"), CHOICE, choices=offer(STATES))
    severity = SelectField(_("Severity"), CHOICE, choices=offer(SEVERITIES))
    assignee_id = SelectField(_("Who looks after it"), coerce=to_id)
    due_on = DateField(_("Due on"), [Optional()])

    def offer(self, people: list[User], bug: Bug) -> None:
        """Let one of *people* be chosen, or whoever has it, or nobody."""
        known = people if bug.assignee in (None, *people) else [*people, bug.assignee]
        named = {str(user.id): user.name for user in known if user}
        self.assignee_id.choices = {"": gettext("Nobody"), **named}
