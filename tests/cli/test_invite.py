import re

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.services.invitation import select_invitations
from tests.cli.conftest import Ask, Invoke
from tests.mail.helpers import load_messages

Found = tuple[list[tuple[str | None, str | None]], list[tuple[str, str]]]


async def find() -> Found:
    """Return the open invitations, and to whom which text is sent."""
    async with db.read() as session:
        links = [(row.email, row.role) for row in await session.scalars(select_invitations())]
    mails = [(message.recipient, message.text) for message in await load_messages()]
    return links, mails


def test_link_is_printed_alone_and_sent(invoke: Invoke, new_app: Quart, ask: Ask) -> None:
    new_app.config["PUBLIC_URL"] = "https://watch.example.org"
    invoke("db", "upgrade")
    result = invoke("invite", "Ann@Example.org", "--role", "editor")

    address = r"https://watch\.example\.org/auth/register\?token=\S{43}\n"
    assert re.fullmatch(address, result.stdout), result.output
    links, ((recipient, text),) = ask(find())
    assert (links, recipient) == ([("ann@example.org", "editor")], "ann@example.org")
    assert result.stdout in text
    assert text.startswith("You are invited to quartapp, as an editor.")


@pytest.mark.parametrize("email", ["x", ""])
def test_address_that_is_none_is_refused_in_one_line(invoke: Invoke, ask: Ask, email: str) -> None:
    invoke("db", "upgrade")
    result = invoke("invite", email)
    assert (result.exit_code, result.stderr) == (1, "Error: This is not an e-mail address.\n")
    assert ask(find()) == ([], [])
