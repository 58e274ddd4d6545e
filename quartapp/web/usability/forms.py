from typing import Any

from quart_babel import lazy_gettext as _
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from quartapp.models.check import ADMIN_INTERVAL, MAX_INTERVAL, MAX_THRESHOLD
from quartapp.models.expectation import STATUSES_LENGTH, WORD_LENGTH, clean_statuses
from quartapp.models.json_path import PATH_LENGTH, clean_path
from quartapp.models.text import clean_line
from quartapp.web.forms import BaseForm, Clean

IN_A_ROW = [InputRequired(), NumberRange(1, MAX_THRESHOLD)]
WORD = [Clean(clean_line), Length(max=WORD_LENGTH)]


class CheckForm(BaseForm):
    interval = IntegerField(
        _("Look every … seconds"), [InputRequired(), NumberRange(ADMIN_INTERVAL, MAX_INTERVAL)]
    )
    down_after = IntegerField(_("Down after … failures in a row"), IN_A_ROW)
    up_after = IntegerField(_("Up after … answers in a row"), IN_A_ROW)
    statuses = StringField(
        _("Good statuses"),
        [InputRequired(), Clean(clean_statuses), Length(max=STATUSES_LENGTH)],
        description=_("Such as 200-299, 401."),
    )
    present = StringField(_("Words that must be there"), WORD)
    absent = StringField(_("Words that must not be there"), WORD)
    json_path = StringField(
        _("Path in its JSON"),
        [Clean(clean_path), Length(max=PATH_LENGTH)],
        description=_("Such as $.status or $.items[0].name: it has to lead somewhere."),
    )
    json_value = StringField(
        _("Value there"),
        WORD,
        description=_(
            "Text as it is, else JSON, such as true or 3. All that the path leads to has to be it."
        ),
    )

    @property
    def values(self) -> dict[str, Any]:
        return {field.name: field.data for field in self if field.name != "csrf_token"}
