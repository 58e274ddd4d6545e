"""What is typed on the command line, held to the rules of forms and schemas."""

import sys
from collections.abc import Callable

import click

from quartapp.errors import InvalidError
from quartapp.models.text import clean_email, clean_line, clean_username
from quartapp.models.token import TOKEN_NAME_LENGTH
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH


def clean(rule: Callable[[str], str], value: str, longest: int) -> str:
    """Return *value* as it is kept; InvalidError when it cannot be."""
    try:
        found = rule(value)
    except ValueError as error:
        raise InvalidError(str(error)) from error
    if not 1 <= len(found) <= longest:
        raise InvalidError(f"1 to {longest} characters are needed.")
    return found


def read_username(value: str) -> str:
    return clean(clean_username, value, USERNAME_LENGTH)


def read_email(value: str | None) -> str | None:
    return None if value is None else clean(clean_email, value, EMAIL_LENGTH)


def read_token_name(value: str) -> str:
    return clean(clean_line, value, TOKEN_NAME_LENGTH)


def has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def read_password(from_stdin: bool) -> str:
    """Return the line on the standard input, or what is typed twice without being shown."""
    if from_stdin:
        return read_line()
    if not has_terminal():
        raise InvalidError("There is nobody to ask here: pipe the password in, --password-stdin.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Again"))


def read_line() -> str:
    """Return the first line on the standard input; InvalidError when its bytes are no text."""
    try:
        line = sys.stdin.readline().rstrip("\r\n")
        line.encode()  # the C locale reads what is no text, as surrogates
    except UnicodeError as error:
        raise InvalidError("The password is not text in UTF-8.") from error
    return line
