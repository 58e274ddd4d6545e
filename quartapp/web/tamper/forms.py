from typing import Any

from quart_babel import lazy_gettext as _
from wtforms import BooleanField, TextAreaField

from quartapp.web.forms import BaseForm

LISTS, FLAGS = ("exclude", "include", "ignore"), ("is_on", "sort_lines", "unique_lines")


class PageForm(BaseForm):
    is_on = BooleanField(_("Tell what changes on the page"))
    include = TextAreaField(_("Read these parts only"), description=_("CSS selectors, one a line."))
    exclude = TextAreaField(_("Leave these parts out"), description=_("CSS selectors, one a line."))
    ignore = TextAreaField(_("Ignore these lines"), description=_("Patterns (RE2), one a line."))
    sort_lines = BooleanField(_("Sort the lines"))
    unique_lines = BooleanField(_("Read each line once"))

    @property
    def values(self) -> dict[str, Any]:
        lists = {name: read_lines(self[name].data or "") for name in LISTS}
        return {**lists, **{name: self[name].data for name in FLAGS}}


def read_lines(value: str) -> list[str]:
    return [line for part in value.splitlines() if (line := part.strip())]
