from quart_babel import lazy_gettext as _
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from quartapp.security import MAX_PASSWORD
from quartapp.web.auth.forms import CODE_LENGTH
from quartapp.web.forms import BaseForm

BY_HAND = {"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}


class StepForm(BaseForm):
    code = StringField(
        _("Code"),
        [DataRequired(), Length(max=CODE_LENGTH)],
        description=_("The six digits that your app shows now, or one of your recovery codes."),
        render_kw=BY_HAND,
    )


class NewFactorForm(BaseForm):
    sealed = HiddenField()
    code = StringField(
        _("Code"),
        [DataRequired(), Length(max=CODE_LENGTH)],
        description=_("The six digits that the app shows now."),
        render_kw={**BY_HAND, "inputmode": "numeric"},
    )


class RemoveFactorForm(BaseForm):
    password = PasswordField(
        _("Password"),
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password", "autofocus": True},
    )
