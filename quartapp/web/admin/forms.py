from quart_babel import lazy_gettext as _
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from quartapp.models import Role
from quartapp.models.user import EMAIL_LENGTH
from quartapp.texts import Text
from quartapp.web.forms import BaseForm, offer

ROLES: dict[str, str] = {
    Role.VIEWER.value: Text("Viewer: reads"),
    Role.EDITOR.value: Text("Editor: adds, and changes what is their own"),
    Role.ADMIN.value: Text("Administrator: does everything"),
}


class RoleForm(BaseForm):
    role = SelectField(_("Role"), choices=offer(ROLES))


class InvitationForm(BaseForm):
    email = StringField(
        _("E-mail"),
        [DataRequired(), Length(max=EMAIL_LENGTH)],
        description=_("The link goes there, and holds for 3 days."),
        render_kw={"autocomplete": "off", "autofocus": True, "inputmode": "email"},
    )
    role = SelectField(_("Role"), choices=offer(ROLES), default=Role.VIEWER)
