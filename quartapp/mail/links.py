"""Links that people get: they start with PUBLIC_URL, never with what a request says of itself."""

from urllib.parse import urlencode

from quart import current_app
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError
from quartapp.mail import send_mail
from quartapp.models import Link, User
from quartapp.texts import Text

DEFAULT_URL = "http://127.0.0.1:5000"  # where `quartapp run` serves unless it is told otherwise
REGISTER, RESET = "/auth/register", "/auth/reset"


def write_link(path: str, token: str | None = None) -> str:
    """Return the address of a page, with the secret of a link when it takes one."""
    base = current_app.config["PUBLIC_URL"] or current_app.extensions.get("served_at", DEFAULT_URL)
    return f"{base}{path}?{urlencode({'token': token})}" if token else f"{base}{path}"


async def send_invitation(session: AsyncSession, link: Link, token: str, by: User | None) -> str:
    """Have an invitation sent with the commit; return the address that is in it.

    ConflictError where nobody may make an account, and the link would lead nowhere.
    """
    if current_app.config["REGISTRATION"] == "closed":
        raise ConflictError(Text("Nobody may register here; first set REGISTRATION to invitation."))
    address = write_link(REGISTER, token)
    await send_mail(session, "invite", link.email or "", link=address, role=link.role, by=by)
    return address
