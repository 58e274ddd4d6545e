"""Mail that tells people what others did to their account."""

from quart import current_app
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.mail import send_mail
from quartapp.mail.links import RESET, write_link
from quartapp.models import User
from quartapp.models.text import is_address


async def tell_factors_forgotten(session: AsyncSession, user: User, token: str) -> str | None:
    """Have *user* told, with the commit, how to come in; without an address return that link."""
    link = write_link(RESET, token)
    if user.email is None or not is_address(user.email):
        return link
    # Not in the language of the administrator who does it.
    language = user.language or current_app.config["LANGUAGE"]
    await send_mail(
        session, "unguarded", user.email, language=language, person=user.name, link=link
    )
    return None
