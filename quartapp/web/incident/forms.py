from datetime import UTC
from typing import Any, Self

from quart_babel import lazy_gettext as _
from wtforms import (
    DateTimeLocalField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from quartapp.models import Incident
from quartapp.models.incident import BODY_LENGTH, IMPACTS, NOTE_STATES, TITLE_LENGTH, NoteState
from quartapp.models.text import clean_line, clean_text
from quartapp.web.forms import BaseForm, Clean, offer

MINUTE = "%Y-%m-%dT%H:%M"
EFFECTS = {impact.value: text for impact, text in IMPACTS.items()}
STATES = {state.value: text for state, text in NOTE_STATES.items()}


class IncidentForm(BaseForm):
    title = StringField(_("Title"), [DataRequired(), Clean(clean_line), Length(1, TITLE_LENGTH)])
    impact = SelectField(_("Impact"), [InputRequired()], choices=offer(EFFECTS), default="minor")
    started_at = DateTimeLocalField(
        _("Since"), [Optional()], format=MINUTE, description=_("In UTC. Left out: since now.")
    )
    entity_ids = SelectMultipleField(
        _("Sites"),
        coerce=int,
        render_kw={"size": 10},
        description=_("Choose one or several; none: it is of all sites."),
    )

    @classmethod
    async def among(cls, sites: dict[int, str], incident: Incident | None = None) -> Self:
        """The form as sent, or filled from *incident*; any of *sites* can be chosen."""
        form = await cls.read(incident)
        form.entity_ids.choices = sites
        return form

    @property
    def values(self) -> dict[str, Any]:
        moment = self.started_at.data
        since = {"started_at": moment.replace(tzinfo=UTC)} if moment else {}
        ids = {"entity_ids": self.entity_ids.data or None}
        return {"title": self.title.data, "impact": self.impact.data, **since, **ids}


class NoteForm(BaseForm):
    state = SelectField(_("State"), [InputRequired()], choices=offer(STATES), coerce=NoteState)
    body = TextAreaField(
        _("What anyone may read"),
        [DataRequired(), Clean(clean_text), Length(1, BODY_LENGTH)],
        render_kw={"rows": 4},
    )

    @property
    def values(self) -> dict[str, Any]:
        return {"state": self.state.data, "body": self.body.data}


class NewIncidentForm(IncidentForm, NoteForm):
    @property
    def values(self) -> dict[str, Any]:
        return {**super().values, "state": self.state.data, "body": self.body.data}
