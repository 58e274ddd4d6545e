"""Where mail goes: to a server, to the terminal, or into a list."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from typing import Any, Protocol

import click
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from quartapp.mail.compose import find_address

CONNECT_SECONDS = 8.0
QUIT_SECONDS = 1.0
NEVER = 550  # from here on, a server means the mailbox or the mail; below, its own state or ours


class MailError(Exception):
    """This mail cannot be sent now."""


class AwayError(MailError):
    """No mail can be sent now."""


class RefusedError(MailError):
    """This mail can never be sent."""


class Backend(Protocol):
    async def open(self) -> None:
        """Return when mail can be sent; AwayError when none can."""

    async def send(self, mail: EmailMessage) -> None:
        """Return when somebody else answers for the mail; MailError when nobody does."""

    async def close(self) -> None:
        """End what was kept for the next mail."""


class MemoryBackend:
    """For tests: whatever was sent is in `mails`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def open(self) -> None:
        pass

    async def send(self, mail: EmailMessage) -> None:
        self.mails.append(mail)

    async def close(self) -> None:
        pass


class ConsoleBackend:
    """For development: the links are to be clicked, so nothing is masked as in the log."""

    async def open(self) -> None:
        pass

    async def send(self, mail: EmailMessage) -> None:
        text = mail.get_body(("plain",))
        head = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject"))
        click.echo(f"--- mail\n{head}\n\n{text.get_content() if text else ''}---")

    async def close(self) -> None:
        pass


class SmtpBackend:
    """One connection for mails that follow each other; a new one after whatever went wrong."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        security = config["MAIL_SECURITY"]
        self.kept: SMTP | None = None
        self.options: dict[str, Any] = {
            "hostname": config["MAIL_SERVER"],
            "port": config["MAIL_PORT"],
            "username": config["MAIL_USERNAME"] or None,
            "password": config["MAIL_PASSWORD"] or None,
            "local_hostname": config["MAIL_SENDER"].rpartition("@")[2],
            "timeout": CONNECT_SECONDS,
            "use_tls": security == "tls",
            "start_tls": security == "starttls",  # not "if it can": who listens could say no
            "tls_context": None if security == "none" else ssl.create_default_context(),
        }

    async def open(self) -> None:
        if self.kept is None:
            self.kept = await self.connect()

    async def send(self, mail: EmailMessage) -> None:
        client, self.kept = self.kept or await self.connect(), None
        people = find_address(mail, "From"), [find_address(mail, "To")]
        try:
            await client.sendmail(*people, mail.as_bytes())
            self.kept = client
        except (SMTPException, OSError) as error:
            raise explain(error) from error
        finally:
            if self.kept is None:
                client.close()

    async def connect(self) -> SMTP:
        client = SMTP(**self.options)
        try:
            await client.connect()
        except (SMTPException, OSError) as error:
            raise AwayError(describe(error)) from error
        return client

    async def close(self) -> None:
        client, self.kept = self.kept, None
        if client:
            with suppress(SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)
            client.close()


def explain(error: Exception) -> MailError:
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPRecipientRefused | SMTPDataError) and error.code >= NEVER:
        return RefusedError(describe(error))
    return MailError(describe(error))


def describe(error: Exception) -> str:
    """Return one line that any database keeps, whatever a server has said."""
    text = str(error) or type(error).__name__
    if isinstance(error, SMTPResponseException):
        text = f"{error.code} {error.message}"
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def make_backend(config: Mapping[str, Any]) -> Backend | None:
    """Return what the settings name; None: mail stays in the outbox."""
    match config["MAIL_BACKEND"]:
        case "smtp":
            return SmtpBackend(config)
        case "console":
            return ConsoleBackend()
        case "memory":
            return MemoryBackend()
    return None
