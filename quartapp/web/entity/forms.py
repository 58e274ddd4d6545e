from typing import Any, Self

from quart import current_app, request
from quart_babel import lazy_gettext as _
from werkzeug.datastructures import CombinedMultiDict, FileStorage, MultiDict
from wtforms import (
    BooleanField,
    FileField,
    SelectField,
    StringField,
    TextAreaField,
    URLField,
)
from wtforms.fields import Field
from wtforms.validators import DataRequired, Length

from quartapp.models.address import read_bounds
from quartapp.models.comment import COMMENT_LENGTH
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.text import clean_line, clean_text, clean_url
from quartapp.services.site_file import ENDINGS, decode, refuse_false_ending
from quartapp.services.site_import import Source
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, Clean, offer


class EntityForm(BaseForm):
    name = StringField(_("Name"), [DataRequired(), Clean(clean_line), Length(1, NAME_LENGTH)])
    url = URLField(_("Address"), [DataRequired(), Clean(clean_url), Length(max=URL_LENGTH)])
    content = TextAreaField(
        _("Description"), [Clean(clean_text), Length(max=CONTENT_LENGTH)], render_kw={"rows": 5}
    )
    is_public = BooleanField(
        _("Show it on the public status page"),
        description=_("With its whole address and its description"),
    )

    async def check_url(self, field: Field) -> None:
        if field.data != field.object_data:  # what settings have ruled out since may stay
            read_bounds(current_app.config).check(field.data)

    @property
    def values(self) -> dict[str, Any]:
        return {name: self[name].data for name in ("name", "url", "content", "is_public")}


SOURCES: dict[str, str] = {
    Source.OWN: Text("CSV, JSON lines or a JSON list"),
    Source.KUMA: Text("Backup of Uptime Kuma (JSON)"),
    Source.GATUS: Text("Configuration of Gatus (YAML)"),
}


class ImportForm(BaseForm):
    source = SelectField(_("Format"), [DataRequired()], choices=offer(SOURCES), default=Source.OWN)
    file = FileField(_("File"), description=_("In UTF-8"), render_kw={"accept": ",".join(ENDINGS)})
    text = TextAreaField(
        _("Or its text"), render_kw={"rows": 10, "spellcheck": "false", "autocomplete": "off"}
    )
    skip_existing = BooleanField(_("Pass over names that are taken"))
    skip_faulty = BooleanField(_("Pass over what cannot be added, and list it"))

    @classmethod
    async def read(cls, obj: object = None) -> Self:
        if request.method != "POST":
            return cls(obj=obj)
        sent = (await request.files).getlist("file")
        files = MultiDict([("file", one) for one in sent])  # a file is no other field's value
        return cls(CombinedMultiDict([files, await request.form]), obj=obj)

    async def check_file(self, _field: Field) -> None:
        upload = self.upload
        if upload and not str(upload.filename).lower().endswith(ENDINGS):
            raise ValueError(
                Text("The name of a file of sites ends in %(endings)s.", endings=", ".join(ENDINGS))
            )

    @property
    def upload(self) -> FileStorage | None:
        """The file, if one was chosen; it counts before the text."""
        sent = self.file.data
        return sent if isinstance(sent, FileStorage) and sent.filename else None

    def read_text(self) -> str:
        if self.upload is None:
            return self.text.data or ""
        self.upload.seek(0)  # the view may run again
        text = decode(self.upload.read())
        is_yaml = self.source.data == Source.GATUS
        refuse_false_ending(str(self.upload.filename), text, is_yaml=is_yaml)
        return text


class CommentForm(BaseForm):
    body = TextAreaField(
        _("Comment"),
        [DataRequired(), Clean(clean_text), Length(1, COMMENT_LENGTH)],
        render_kw={"rows": 3},
    )
