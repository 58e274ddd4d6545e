"""Texts for people: written in English where they arise, translated where they are shown."""

from typing import Self


class Text(str):
    """An English text that remembers how it was made: `Text("There is no bug %(id)s.", id=7)`.

    It is a plain string to all but the pages, which say the same in the reader's language.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        text = super().__new__(cls, template % values if values else template)
        text.template = template
        text.values = values
        return text

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # it never changes, and what is built anew from its words alone is less


class Count(Text):
    """A text with a number in it: `Count("%(num)d day", "%(num)d days", 7)`."""

    singular: str
    plural: str
    num: int

    def __new__(cls, singular: str, plural: str, num: int, **values: object) -> Self:
        text = super().__new__(cls, singular if num == 1 else plural, num=num, **values)
        text.singular = singular
        text.plural = plural
        text.num = num
        return text


def find_text(error: Exception) -> str:
    """Return what an exception says; `str()` of it would forget how a text was made."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Text) else str(error)
