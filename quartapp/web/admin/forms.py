from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length

from quartapp.models import Role
from quartapp.models.user import EMAIL_LENGTH
from quartapp.web.forms import BaseForm

ROLES = {
    Role.VIEWER.value: "Viewer: reads",
    Role.EDITOR.value: "Editor: adds, and changes what is their own",
    Role.ADMIN.value: "Administrator: does everything",
}


class RoleForm(BaseForm):
    role = SelectField("Role", choices=ROLES)


class InvitationForm(BaseForm):
    email = StringField(
        "E-mail",
        [DataRequired(), Length(max=EMAIL_LENGTH)],
        description="The link goes there, and holds for 3 days.",
        render_kw={"autocomplete": "off", "autofocus": True, "inputmode": "email"},
    )
    role = SelectField("Role", choices=ROLES, default=Role.VIEWER)
