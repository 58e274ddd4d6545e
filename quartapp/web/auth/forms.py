from typing import Any

from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from quartapp.models.text import clean_line, clean_username
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD
from quartapp.web.forms import BaseForm, Clean


class LoginForm(BaseForm):
    name = StringField(
        "User name or e-mail",
        [DataRequired(), Clean(clean_line), Length(max=EMAIL_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        "Password",
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )
    remember = BooleanField("Remember me on this device")


class ConfirmForm(BaseForm):
    password = PasswordField(
        "Password",
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password", "autofocus": True},
    )


class NewPasswordField(PasswordField):
    """A password that is chosen; its rules stand in services/password.py."""

    def __init__(self, label: str = "Password", **given: Any) -> None:
        super().__init__(
            label,
            [InputRequired(), Length(max=MAX_PASSWORD)],
            description=f"{MIN_PASSWORD} characters or more; a few words make a good one.",
            render_kw={"autocomplete": "new-password"},
            **given,
        )


class SetupForm(BaseForm):
    token = HiddenField()
    name = StringField(
        "User name",
        [DataRequired(), Clean(clean_username), Length(max=USERNAME_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = NewPasswordField()
