import re

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.cli.user import setup_url
from quartapp.extensions import db
from quartapp.models import OutboxMessage, Purpose, User
from quartapp.security import check_password, make_box
from quartapp.services.link import use_link
from quartapp.services.people import get_user_by_name, select_users
from quartapp.services.session import open_session
from quartapp.services.user import find_user_by_login
from tests.cli.conftest import Ask, Invoke
from tests.helpers import PASSWORD, add_factor
from tests.services.events import Event, list_events, list_mails

PEOPLE = pytest.mark.usefixtures("_people")
Person = tuple[str, str | None, str, bool]


async def list_people() -> list[Person]:
    async with db.read() as session:
        users = await session.scalars(select_users())
        return [(user.name, user.email, user.role, user.is_active) for user in users]


async def sign_in(login: str) -> None:
    async with db.begin() as session:
        user = await find_user_by_login(session, login)
        assert user is not None
        assert await check_password(PASSWORD, user.password_hash)
        await open_session(session, user)


async def find_owner(token: str) -> str:
    """Return who chooses a new password with this link."""
    async with db.begin() as session:
        link = await use_link(session, token, Purpose.RESET)
        user = await session.get(User, link.user_id)
    return user.name if user else ""


async def turn_on(name: str) -> None:
    async with db.begin() as session:
        await add_factor(session, await get_user_by_name(session, name), make_box(["a key"]))


async def read_mail() -> str:
    """Return the text of the one mail that waits."""
    async with db.read() as session:
        return (await session.scalars(select(OutboxMessage.text))).one()


def test_link_leads_to_the_set_up() -> None:
    assert setup_url("https://x.org", "abc") == "https://x.org/auth/setup?token=abc"


def test_link_is_printed_alone(invoke: Invoke, new_app: Quart) -> None:
    new_app.config["PUBLIC_URL"] = "https://watch.example.org"
    invoke("db", "upgrade")
    result = invoke("user", "setup-link")

    assert result.exit_code == 0, result.output
    found = re.fullmatch(r"https://watch\.example\.org/auth/setup\?token=(\S{43})\n", result.stdout)
    assert found


@PEOPLE
def test_account_is_made_with_a_password_that_is_not_shown(
    invoke: Invoke, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quartapp.cli.words.has_terminal", lambda: True)
    options = ["--email", "Bob@Example.org"]
    result = invoke("user", "create", " bob ", *options, input=f"{PASSWORD}\n{PASSWORD}\n")

    assert result.output == "Password: \nAgain: \nbob may sign in, as viewer.\n"
    assert ask(list_people())[1] == ("bob", "bob@example.org", "viewer", True)
    ask(sign_in("bob@example.org"))


@PEOPLE
def test_without_a_terminal_one_line_says_how_to_give_the_password(
    invoke: Invoke, ask: Ask
) -> None:
    before = ask(list_people())
    result = invoke("user", "create", "bob", input=f"{PASSWORD}\n{PASSWORD}\n")

    assert (result.exit_code, result.output) == (
        1,
        "Error: There is nobody to ask here: pipe the password in, --password-stdin.\n",
    )
    assert ask(list_people()) == before


@PEOPLE
@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["ANN"], PASSWORD, "The name 'ANN' is taken."),
        (["a@b"], PASSWORD, "A user name holds no @."),
        (["x" * 61], PASSWORD, "1 to 60 characters are needed."),
        ([""], PASSWORD, "1 to 60 characters are needed."),
        (["bob", "--email", "x"], PASSWORD, "This is not an e-mail address."),
        (["bob"], "short", "A password has 15 to 128 characters."),
        (["bob"], "bobbobbobbobbob", "Many people use this password, and it is guessed first;"),
    ],
)
def test_account_that_cannot_be_is_refused_in_one_line(
    invoke: Invoke, ask: Ask, arguments: list[str], password: str, words: str
) -> None:
    before = ask(list_people())
    result = invoke("user", "create", *arguments, "--password-stdin", input=f"{password}\n")

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"Error: {words}")
    assert ask(list_people()) == before


@PEOPLE
def test_role_is_changed(invoke: Invoke, ask: Ask) -> None:
    assert invoke("user", "promote", "ann").output == "The role of ann is admin.\n"
    assert ask(list_people())[0] == ("ann", None, "admin", True)
    invoke("user", "promote", "ann", "--role", "viewer")
    assert ask(list_people())[0] == ("ann", None, "viewer", True)
    assert ask(list_events()) == [
        Event("", "role-changed", "ann", "editor to admin"),
        Event("", "role-changed", "ann", "admin to viewer"),
    ]


@PEOPLE
def test_who_is_disabled_is_out_until_enabled(invoke: Invoke, ask: Ask) -> None:
    assert invoke("user", "disable", "ann").output == "ann comes in no more.\n"
    assert ask(list_people())[0] == ("ann", None, "editor", False)
    result = invoke("user", "reset-password", "ann")
    assert (result.exit_code, result.stderr) == (1, "Error: ann is disabled.\n")
    assert invoke("user", "enable", "ann").output == "ann may come in again.\n"
    assert ask(list_people())[0] == ("ann", None, "editor", True)


@PEOPLE
@pytest.mark.parametrize("command", [["disable"], ["promote", "--role", "viewer"]])
def test_last_administrator_stays(invoke: Invoke, ask: Ask, command: list[str]) -> None:
    result = invoke("user", *command, "root")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: This is the last administrator; make somebody else one first.\n",
    )
    assert ask(list_people())[1] == ("root", None, "admin", True)


@PEOPLE
@pytest.mark.parametrize(
    "command",
    ["promote", "disable", "enable", "reset-password", "forget-factors", "sessions revoke"],
)
def test_who_is_not_there_is_told_in_one_line(invoke: Invoke, ask: Ask, command: str) -> None:
    result = invoke("user", *command.split(), "bob")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no user 'bob'.\n")


@PEOPLE
def test_link_to_choose_a_password_is_printed_alone(invoke: Invoke, ask: Ask) -> None:
    result = invoke("user", "reset-password", "ann")
    found = re.fullmatch(r"http://127\.0\.0\.1:5000/auth/reset\?token=(\S{43})\n", result.stdout)
    assert found, result.output
    assert ask(find_owner(found[1])) == "ann"


@PEOPLE
def test_lost_second_factor_is_removed_and_the_person_told(
    new_app: Quart, invoke: Invoke, ask: Ask
) -> None:
    new_app.config["PUBLIC_URL"] = "https://watch.example.org"
    invoke(
        "user", "create", "bob", "--email", "bob@example.org", "--password-stdin", input=PASSWORD
    )
    ask(turn_on("bob"))

    result = invoke("user", "forget-factors", "bob")
    assert result.output == "bob chooses a new password by the link in the mail.\n"
    assert ask(list_events())[-2:] == [
        Event("", "second-factor-off", "bob"),
        Event("", "reset-link-made", "bob"),
    ]
    assert ask(list_mails()) == [("bob@example.org", "Your second factor was removed")]
    found = re.search(
        r"^https://watch\.example\.org/auth/reset\?token=(\S{43})$", ask(read_mail()), re.MULTILINE
    )
    assert found
    assert ask(find_owner(found[1])) == "bob"

    result = invoke("user", "forget-factors", "bob")
    assert (result.exit_code, result.stderr) == (1, "Error: bob has no second factor.\n")


@PEOPLE
def test_who_has_no_address_gets_the_link_by_hand(invoke: Invoke, ask: Ask) -> None:
    ask(turn_on("ann"))
    result = invoke("user", "forget-factors", "ann")
    found = re.fullmatch(r"http://127\.0\.0\.1:5000/auth/reset\?token=(\S{43})\n", result.stdout)
    assert found, result.output
    assert ask(find_owner(found[1])) == "ann"
    assert ask(list_mails()) == []


@PEOPLE
def test_somebody_is_signed_out_everywhere(invoke: Invoke, ask: Ask) -> None:
    ask(sign_in("ann"))
    result = invoke("user", "sessions", "revoke", "ann")
    assert result.output == "Every browser of ann is signed out.\n"
    assert ask(list_events()) == [
        Event("ann", "login", "ann"),
        Event("", "sessions-ended", "ann"),
    ]
