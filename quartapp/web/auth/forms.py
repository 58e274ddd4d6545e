from typing import Any, Self

from quart import request
from quart_babel import lazy_gettext as _
from quart_babel.speaklater import LazyString
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import EmailInput

from quartapp.models.text import clean_email, clean_line, clean_username
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD, MIN_SECOND_PASSWORD
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, Clean, later

PASSWORD, EMAIL, CODE = _("Password"), _("E-mail"), _("Code")
CODE_LENGTH = 40  # with the spaces and dashes that people type


class LoginForm(BaseForm):
    name = StringField(
        _("User name or e-mail"),
        [DataRequired(), Clean(clean_line), Length(max=EMAIL_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        PASSWORD,
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )
    remember = BooleanField(_("Remember me on this device"))


class CodeField(StringField):
    """A code of the second factor, or one for recovery."""

    def __init__(self, label: LazyString = CODE, **given: Any) -> None:
        super().__init__(
            label,
            [DataRequired(), Length(max=CODE_LENGTH)],
            description=_("The six digits that your app shows now, or one of your recovery codes."),
            render_kw={"autocomplete": "one-time-code", "spellcheck": "false"},
            **given,
        )


class ConfirmForm(BaseForm):
    password = PasswordField(
        PASSWORD,
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password", "autofocus": True},
    )


class ConfirmBothForm(ConfirmForm):
    """The same, for who has a second factor."""

    code = CodeField()


def describe_length(least: int) -> LazyString:
    return later(Text("%(least)s characters or more; a few words make a good one.", least=least))


class NewPasswordField(PasswordField):
    """A password that is chosen; its rules stand in services/password.py."""

    def __init__(self, label: LazyString = PASSWORD, **given: Any) -> None:
        super().__init__(
            label,
            [InputRequired(), Length(max=MAX_PASSWORD)],
            description=describe_length(MIN_PASSWORD),
            render_kw={"autocomplete": "new-password"},
            **given,
        )

    def allow_short(self) -> None:
        """Say what holds beside a second factor."""
        self.description = describe_length(MIN_SECOND_PASSWORD)


class EmailField(StringField):
    """An e-mail address."""

    widget = EmailInput()

    def __init__(self, label: LazyString = EMAIL, **given: Any) -> None:
        super().__init__(
            label,
            [DataRequired(), Clean(clean_email), Length(max=EMAIL_LENGTH)],
            render_kw={"autocomplete": "email", "autofocus": True},
            **given,
        )


class LinkForm(BaseForm):
    """A form behind a link, whose secret it carries along."""

    token = HiddenField()

    @classmethod
    async def read_link(cls) -> Self:
        form = await cls.read()
        if request.method != "POST":
            form.token.data = request.args.get("token", "")
        form.token.data = form.token.data or ""
        return form


class SetupForm(LinkForm):
    name = StringField(
        _("User name"),
        [DataRequired(), Clean(clean_username), Length(max=USERNAME_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = NewPasswordField()


class RegisterForm(SetupForm):
    """The same questions, for whoever was invited."""


class ResetForm(LinkForm):
    password = NewPasswordField(_("New password"))


class AddressForm(BaseForm):
    email = EmailField()


class ForgotForm(BaseForm):
    name = StringField(
        _("User name or e-mail"),
        [DataRequired(), Clean(clean_line), Length(max=EMAIL_LENGTH)],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
