from typing import Any, Self

from quart_babel import lazy_gettext as _
from wtforms import BooleanField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from quartapp.models import SiteGroup
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.group import DESCRIPTION_LENGTH
from quartapp.models.text import clean_line, clean_text
from quartapp.web.forms import BaseForm, Clean


class GroupForm(BaseForm):
    name = StringField(_("Name"), [DataRequired(), Clean(clean_line), Length(1, NAME_LENGTH)])
    description = TextAreaField(
        _("Description"),
        [Clean(clean_text), Length(max=DESCRIPTION_LENGTH)],
        render_kw={"rows": 3},
    )
    entity_ids = SelectMultipleField(
        _("Sites"),
        coerce=int,
        render_kw={"size": 10},
        description=_("Choose one or several."),
    )
    is_public = BooleanField(
        _("Public"),
        description=_("Anyone may see the status of those of its sites that are public, too."),
    )

    @classmethod
    async def among(cls, sites: dict[int, str], group: SiteGroup | None = None) -> Self:
        """The form as sent, or filled from *group*; any of *sites* can be chosen."""
        form = await cls.read(group)
        form.entity_ids.choices = sites
        return form

    @property
    def values(self) -> dict[str, Any]:
        names = ("name", "description", "is_public", "entity_ids")
        return {name: self[name].data for name in names}
