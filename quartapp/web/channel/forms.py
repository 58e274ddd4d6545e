from types import SimpleNamespace
from typing import Any, Self

from quart import current_app
from quart_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField, StringField, URLField
from wtforms.fields import Field
from wtforms.validators import DataRequired, InputRequired, Length

from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Channel, Entity
from quartapp.models.address import read_bounds
from quartapp.models.channel import TOPICS, clean_reminder
from quartapp.models.entity import NAME_LENGTH, URL_LENGTH
from quartapp.models.event import Topic
from quartapp.models.text import clean_line, clean_url
from quartapp.services.entity import find_entities
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, Clean


class ChannelForm(BaseForm):
    """What one is told of."""

    site = StringField(
        _("Site"),
        [Clean(clean_line), Length(max=NAME_LENGTH)],
        description=_("Its name. Leave it empty for all sites."),
    )
    usability = BooleanField(
        _("When it is down and up again, and of its certificate"), default=True
    )
    tamper = BooleanField(_("When it is changed"), default=True)
    bug = BooleanField(_("When a bug is found"), default=True)
    remind_every = IntegerField(
        _("Remind me every … minutes while it is down"),
        [InputRequired()],
        default=0,
        description=_("0 for never."),
    )
    entity: Entity | None = None

    @classmethod
    async def of(cls, channel: Channel) -> Self:
        """Return the form as sent, or filled from *channel*."""
        site = channel.entity.name if channel.entity else ""
        topics = {topic.value: topic in channel.wanted for topic in TOPICS}
        given = {"url": channel.url, "remind_every": channel.remind_every}
        return await cls.read(SimpleNamespace(site=site, **topics, **given))

    async def check_site(self, field: Field) -> None:
        if field.data:
            try:
                (self.entity,) = await find_entities(db.session, [field.data])
            except (NotFoundError, ValueError) as error:
                raise ValueError(Text("There is no such site.")) from error

    async def check_bug(self, _: Field) -> None:
        if not self.topics:
            raise ValueError(Text("Choose something to be told of."))

    async def check_remind_every(self, field: Field) -> None:
        clean_reminder(field.data)

    @property
    def topics(self) -> list[Topic]:
        return [topic for topic in TOPICS if self[topic].data]

    @property
    def values(self) -> dict[str, Any]:
        pace = self.remind_every.data
        return {"entity": self.entity, "topics": self.topics, "remind_every": pace}


class WebhookForm(ChannelForm):
    url = URLField(_("Address"), [DataRequired(), Clean(clean_url), Length(max=URL_LENGTH)])

    async def check_url(self, field: Field) -> None:
        if field.data != field.object_data:  # what settings have ruled out since may stay
            read_bounds(current_app.config).check(field.data)

    @property
    def values(self) -> dict[str, Any]:
        return {**super().values, "url": self.url.data}
