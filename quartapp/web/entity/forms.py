from typing import Any

from quart import current_app
from quart_babel import lazy_gettext as _
from wtforms import BooleanField, StringField, TextAreaField, URLField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Length

from quartapp.models.address import read_bounds
from quartapp.models.comment import COMMENT_LENGTH
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.text import clean_line, clean_text, clean_url
from quartapp.web.forms import BaseForm, Clean


class EntityForm(BaseForm):
    name = StringField(_("Name"), [DataRequired(), Clean(clean_line), Length(1, NAME_LENGTH)])
    url = URLField(_("Address"), [DataRequired(), Clean(clean_url), Length(max=URL_LENGTH)])
    content = TextAreaField(
        _("Description"), [Clean(clean_text), Length(max=CONTENT_LENGTH)], render_kw={"rows": 5}
    )
    is_public = BooleanField(_("Show it on the public status page"))

    async def check_url(self, field: Field) -> None:
        if field.data != field.object_data:  # what settings have ruled out since may stay
            read_bounds(current_app.config).check(field.data)

    @property
    def values(self) -> dict[str, Any]:
        return {name: self[name].data for name in ("name", "url", "content", "is_public")}


class CommentForm(BaseForm):
    body = TextAreaField(
        _("Comment"),
        [DataRequired(), Clean(clean_text), Length(1, COMMENT_LENGTH)],
        render_kw={"rows": 3},
    )
