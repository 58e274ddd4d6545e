"""A mail server that keeps what it is sent, and refuses what it is told to refuse."""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from time import monotonic
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.processes import free_port

HANG = 600.0  # s: longer than any client waits


@dataclass(frozen=True)
class Delivery:
    """A mail: whom the server was told it is for, and what it says of itself."""

    sender: str
    recipients: list[str]
    mail: EmailMessage
    connection: tuple[str, int]
    is_encrypted: bool
    user: str
    at: float = field(default_factory=monotonic)


@dataclass
class Sink:
    """Replies by recipient or, with "DATA", to all mail; *delay* seconds for each recipient.

    Who is among the `hanging` never gets a reply.
    """

    port: int
    delay: float = 0.0
    replies: dict[str, str] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)
    begun: int = 0  # mails, be they taken or not

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        self.begun += 1
        await asyncio.sleep(HANG if address in self.hanging else self.delay)
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.replies:
            return self.replies["DATA"]
        mail = cast(EmailMessage, message_from_bytes(envelope.content, policy=default))
        user = session.auth_data.decode() if session.auth_data else ""
        people = envelope.mail_from, envelope.rcpt_tos
        is_encrypted = server.transport.get_extra_info("ssl_object") is not None
        self.deliveries.append(Delivery(*people, mail, session.peer, is_encrypted, user))
        return "250 OK"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password == b"open sesame"
        return AuthResult(success=known, handled=False, auth_data=given.login if known else None)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "MAIL_BACKEND": "smtp",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": self.port,
            "MAIL_SECURITY": "none",
            "MAIL_SENDER": "sites@example.org",
        }


@contextmanager
def start_sink(delay: float = 0.0, **options: Any) -> Iterator[Sink]:
    logging.getLogger("mail.log").setLevel("ERROR")  # it says every line
    sink = Sink(free_port(), delay)
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def make_tls_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
