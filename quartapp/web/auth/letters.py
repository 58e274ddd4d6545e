"""Mails that anybody may cause: as many as an account may get, and no word to who asks."""

from quart import flash

from quartapp.extensions import db, limiter
from quartapp.languages import translate
from quartapp.mail import send_mail
from quartapp.mail.links import REGISTER, RESET, write_link
from quartapp.models import User
from quartapp.models.text import is_address
from quartapp.services.account import ask_to_register, ask_to_reset
from quartapp.services.link import add_void_link
from quartapp.services.outbox import withdraw_message
from quartapp.services.passkey import list_passkeys
from quartapp.services.user import find_user_by_email, find_user_by_login
from quartapp.texts import Count, Text

FORGOT = "/auth/forgot"
NOBODY = 0  # is the id of no account
UNSENT = "nobody@localhost"  # stands in a mail that is withdrawn


async def send_reset_link(login: str) -> None:
    """Mail a link to choose a new password, if *login* names somebody who may get one.

    For anybody else as much is done, and undone: the time that it takes tells nobody apart.
    """
    user = await find_user_by_login(db.session, login)
    may_mail = await limiter.may_mail(user.id if user else NOBODY)
    found = await ask_to_reset(db.session, login) if user and may_mail else None
    email, token = found or (UNSENT, await add_void_link(db.session))
    language, link = user.language if user else None, write_link(RESET, token)
    message = await send_mail(db.session, "reset", email, language=language, link=link)
    if found is None:
        await withdraw_message(db.session, message)


async def send_register_link(email: str) -> None:
    """Mail a link to register with, or word that the address has an account.

    As much is done for each, and for who has got too many mails already: the time tells nothing.
    """
    user = await find_user_by_email(db.session, email)
    may_mail = await limiter.may_mail(user.id if user else NOBODY) or user is None
    token = await ask_to_register(db.session, email) if may_mail else None
    if token is None:
        await add_void_link(db.session)
    name, language = "register" if token else "known", user.language if user else None
    link = write_link(REGISTER, token) if token else write_link(FORGOT)
    message = await send_mail(db.session, name, email, language=language, link=link)
    if not may_mail:
        await withdraw_message(db.session, message)


async def tell_of_reset(user: User, revoked: int) -> None:
    """Tell on the next page, and by mail, what a new password by a link ended, and what it left."""
    passkeys = len(await list_passkeys(db.session, user))
    said = describe_reset(revoked, passkeys)
    for text in said:
        await flash(translate(text), "info")
    if user.email and is_address(user.email):
        link = write_link("/account/passkeys") if passkeys else ""
        given = {"person": user.name, "said": said, "link": link}
        await send_mail(db.session, "renewed", user.email, language=user.language, **given)


def describe_reset(revoked: int, passkeys: int) -> list[Text]:
    ended = Count(
        "%(num)d API token was revoked: make a new one for the program that used it.",
        "%(num)d API tokens were revoked: make new ones for the programs that used them.",
        revoked,
    )
    left = Count(
        "%(num)d passkey still signs in to your account: see at Passkeys that it is yours.",
        "%(num)d passkeys still sign in to your account: see at Passkeys that they are yours.",
        passkeys,
    )
    return [text for text in (ended, left) if text.num]


async def tell_owner(email: str) -> None:
    """Tell whose address this is that they have an account: somebody wants one with it."""
    user = await find_user_by_email(db.session, email)
    if user and await limiter.may_mail(user.id):
        link = write_link(FORGOT)
        await send_mail(db.session, "known", email, language=user.language, link=link)
