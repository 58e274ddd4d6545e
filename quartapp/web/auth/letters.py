"""Mails that anybody may cause: as many as an account may get, and no word to who asks."""

from quartapp.extensions import db, limiter
from quartapp.mail import send_mail
from quartapp.mail.links import REGISTER, RESET, write_link
from quartapp.services.account import ask_to_register, ask_to_reset
from quartapp.services.user import find_user_by_email, find_user_by_login


async def send_reset_link(login: str) -> None:
    """Mail a link to choose a new password, if *login* names somebody who may get one."""
    user = await find_user_by_login(db.session, login)
    if user is None or not await limiter.may_mail(user.id):
        return
    if found := await ask_to_reset(db.session, login):
        email, token = found
        link = write_link(RESET, token)
        await send_mail(db.session, "reset", email, language=user.language, link=link)


async def send_register_link(email: str) -> None:
    """Mail a link to register with, or word that the address has an account."""
    token = await ask_to_register(db.session, email)
    if token is None:
        await tell_owner(email)
    else:
        await send_mail(db.session, "register", email, link=write_link(REGISTER, token))


async def tell_owner(email: str) -> None:
    """Tell whose address this is that they have an account: somebody wants one with it."""
    user = await find_user_by_email(db.session, email)
    if user and await limiter.may_mail(user.id):
        link = write_link("/auth/forgot")
        await send_mail(db.session, "known", email, language=user.language, link=link)
