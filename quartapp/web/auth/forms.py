from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from quartapp.models.text import clean_line
from quartapp.models.user import USERNAME_LENGTH
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD
from quartapp.web.forms import BaseForm, Clean


class LoginForm(BaseForm):
    name = StringField(
        "User name",
        [DataRequired(), Clean(clean_line), Length(max=USERNAME_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        "Password",
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )


class SetupForm(BaseForm):
    token = HiddenField()
    name = StringField(
        "User name",
        [DataRequired(), Clean(clean_line), Length(max=USERNAME_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        "Password",
        [InputRequired(), Length(min=MIN_PASSWORD, max=MAX_PASSWORD)],
        description=f"{MIN_PASSWORD} characters or more; a few words make a good one.",
        render_kw={"autocomplete": "new-password"},
    )
