from typing import Any

from wtforms import BooleanField, TextAreaField

from quartapp.web.forms import BaseForm

LISTS, FLAGS = ("exclude", "include", "ignore"), ("is_on", "sort_lines", "unique_lines")


class PageForm(BaseForm):
    is_on = BooleanField("Tell what changes on the page")
    include = TextAreaField("Read these parts only", description="CSS selectors, one a line.")
    exclude = TextAreaField("Leave these parts out", description="CSS selectors, one a line.")
    ignore = TextAreaField("Ignore these lines", description="Patterns (RE2), one a line.")
    sort_lines = BooleanField("Sort the lines")
    unique_lines = BooleanField("Read each line once")

    @property
    def values(self) -> dict[str, Any]:
        lists = {name: read_lines(self[name].data or "") for name in LISTS}
        return {**lists, **{name: self[name].data for name in FLAGS}}


def read_lines(value: str) -> list[str]:
    return [line for part in value.splitlines() if (line := part.strip())]
