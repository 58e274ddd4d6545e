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
