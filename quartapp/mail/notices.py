"""Mail that tells people what others did to their account."""

from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.mail import send_mail
from quartapp.mail.links import write_link
from quartapp.models import User


async def tell_factors_forgotten(session: AsyncSession, user: User) -> None:
    """Have *user* told, with the commit, that the password is enough; without an address nobody."""
    if user.email:
        link = write_link("/account/second-factor")
        await send_mail(session, "unguarded", user.email, person=user.name, link=link)
