from quart_babel import lazy_gettext as _
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from quartapp.models import Scope, User
from quartapp.models.rights import may_administer
from quartapp.models.text import clean_line
from quartapp.models.token import TOKEN_NAME_LENGTH
from quartapp.models.user import LANGUAGES, Theme
from quartapp.security import MAX_PASSWORD
from quartapp.texts import Text
from quartapp.web.auth.forms import EmailField, NewPasswordField
from quartapp.web.forms import BaseForm, Clean, offer

SCOPES = {
    Scope.READ: Text("Read"),
    Scope.WRITE: Text("Read and write"),
    Scope.ADMIN: Text("Everything, as an administrator"),
}
THEMES: dict[str, Text] = {Theme.LIGHT: Text("Light"), Theme.DARK: Text("Dark")}


class PasswordForm(BaseForm):
    current_password = PasswordField(
        _("Password of today"),
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password", "autofocus": True},
    )
    password = NewPasswordField(_("New password"))
    revoke_tokens = BooleanField(_("Revoke my API tokens, too"))


class EmailForm(BaseForm):
    email = EmailField(_("New e-mail address"))


class PreferencesForm(BaseForm):
    language = SelectField(
        _("Language"),
        choices=offer({"": Text("As the browser says"), **LANGUAGES}),
        description=_("Of pages and mails."),
    )
    theme = SelectField(
        _("Colours"),
        choices=offer({"": Text("As the system says"), **THEMES}),
    )


class TokenForm(BaseForm):
    name = StringField(
        _("Name"),
        [DataRequired(), Clean(clean_line), Length(max=TOKEN_NAME_LENGTH)],
        description=_("Which program will use it."),
        render_kw={"autofocus": True},
    )
    scope = SelectField(_("It may"), default=Scope.READ)

    def offer_scopes(self, user: User) -> None:
        """Let *user* choose among what they may do themselves."""
        offered = [scope for scope in Scope if scope != Scope.ADMIN or may_administer(user)]
        self.scope.choices = offer({scope.value: SCOPES[scope] for scope in offered})
