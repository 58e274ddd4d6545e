from quart_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from quartapp.models.passkey import PASSKEY_NAME_LENGTH
from quartapp.models.text import clean_line
from quartapp.web.forms import BaseForm, Clean

ANSWER_LENGTH = 20_000  # characters of JSON


class SignInForm(BaseForm):
    answer = HiddenField(validators=[DataRequired(), Length(max=ANSWER_LENGTH)])
    remember = BooleanField()


class PasskeyForm(BaseForm):
    answer = HiddenField(validators=[DataRequired(), Length(max=ANSWER_LENGTH)])
    name = StringField(
        _("Name"),
        [DataRequired(), Clean(clean_line), Length(max=PASSKEY_NAME_LENGTH)],
        description=_("Which device or password manager holds it."),
    )
