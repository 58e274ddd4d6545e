from datetime import datetime
from typing import Any, Self, cast
from zoneinfo import ZoneInfo

from quart import request
from quart_babel import lazy_gettext as _
from wtforms import (
    DateTimeLocalField,
    Field,
    IntegerField,
    SelectMultipleField,
    StringField,
    TimeField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from quartapp.models import Maintenance
from quartapp.models.maintenance import TITLE_LENGTH, ZONE_LENGTH
from quartapp.models.text import clean_line
from quartapp.models.window import DAYS, MAX_MINUTES, clean_zone, list_zones, to_moment
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, Clean, offer

NAMES = (
    Text("Monday"),
    Text("Tuesday"),
    Text("Wednesday"),
    Text("Thursday"),
    Text("Friday"),
    Text("Saturday"),
    Text("Sunday"),
)
WEEKDAYS = dict(zip(DAYS, NAMES, strict=True))
MINUTE = "%Y-%m-%dT%H:%M"


class MaintenanceForm(BaseForm):
    title = StringField(_("Title"), [DataRequired(), Clean(clean_line), Length(1, TITLE_LENGTH)])
    timezone = StringField(
        _("Time zone"),
        [InputRequired(), Length(max=ZONE_LENGTH), Clean(clean_zone)],
        default="UTC",
        description=_("Such as Europe/Berlin: all times below are by its clocks."),
    )
    starts_at = DateTimeLocalField(
        _("Once, from"),
        [Optional()],
        format=MINUTE,
        description=_("Leave it out for what repeats."),
    )
    ends_at = DateTimeLocalField(_("Until"), [Optional()], format=MINUTE)
    weekdays = SelectMultipleField(
        _("Or on each"),
        choices=offer(WEEKDAYS),
        description=_("Choose one day or several."),
    )
    start_time = TimeField(_("From"), [Optional()], format="%H:%M")
    minutes = IntegerField(_("For … minutes"), [Optional(), NumberRange(1, MAX_MINUTES)])
    window: Maintenance | None = None  # that is changed

    @classmethod
    async def of(cls, window: Maintenance) -> Self:
        """The form as sent, or filled by the clocks of the window's zone."""
        form = await cls.read(None if request.method == "POST" else window)
        form.window = window
        for field in (form.starts_at, form.ends_at):
            if field.data and field.data.tzinfo:
                field.data = show_local(field.data, window.timezone)
        return form

    def read_moment(self, field: Field) -> datetime | None:
        """Return the moment of a local time; one that was shown so, as it was.

        Clocks that go back show a time twice, and a form has no seconds.
        """
        if not field.data:
            return None
        kept = getattr(self.window, field.short_name, None)
        zone = self.timezone.data
        if kept and field.data.strftime(MINUTE) == show_local(kept, zone).strftime(MINUTE):
            return cast(datetime, kept)
        return to_moment(field.data, ZoneInfo(zone))

    async def check_starts_at(self, field: Field) -> None:
        self.read_moment(field)

    async def check_ends_at(self, field: Field) -> None:
        await self.check_starts_at(field)

    @property
    def values(self) -> dict[str, Any]:
        fields = (self.starts_at, self.ends_at)
        moments = {field.short_name: self.read_moment(field) for field in fields}
        names = ("title", "timezone", "start_time", "minutes")
        others = {name: self[name].data for name in names}
        return {**others, **moments, "weekdays": "".join(self.weekdays.data or [])}


def show_local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)) if zone in list_zones() else moment
