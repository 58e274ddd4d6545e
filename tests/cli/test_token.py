import pytest

from quartapp.extensions import db
from quartapp.services.token import find_token
from tests.cli.conftest import Ask, Invoke

pytestmark = pytest.mark.usefixtures("_people")


async def find(secret: str) -> tuple[int, str, str, str] | None:
    async with db.read() as session:
        row = await find_token(session, secret)
    return (row.id, row.user.name, row.name, row.scope) if row else None


def test_token_is_printed_alone_and_revoked(invoke: Invoke, ask: Ask) -> None:
    result = invoke("token", "create", "root", "my script", "--scope", "admin")
    secret = result.stdout.removesuffix("\n")
    found = ask(find(secret))
    assert found
    assert found[1:] == ("root", "my script", "admin")

    result = invoke("token", "revoke", str(found[0]))
    assert result.output == "The token my script of root was revoked.\n"
    assert ask(find(secret)) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("create bob x", "There is no user 'bob'."),
        (
            "create ann x --scope admin",
            "Only administrators may have a token with the scope admin.",
        ),
        ("create ann \u202e", "Line breaks and direction marks are not allowed."),
        ("revoke 99", "There is no token 99."),
    ],
)
def test_token_that_cannot_be_is_refused_in_one_line(
    invoke: Invoke, arguments: str, words: str
) -> None:
    result = invoke("token", *arguments.split(" "))
    assert (result.exit_code, result.stderr) == (1, f"Error: {words}\n")


def test_who_is_disabled_gets_no_token(invoke: Invoke) -> None:
    invoke("user", "disable", "ann")
    result = invoke("token", "create", "ann", "x")
    assert (result.exit_code, result.stderr) == (1, "Error: ann is disabled.\n")
