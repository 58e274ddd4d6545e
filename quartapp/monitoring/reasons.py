"""Why a look failed: exceptions in the words of people, and whose fault it is."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator

from aiohttp import ClientPayloadError, ServerDisconnectedError
from aiohttp.http_exceptions import (
    ContentEncodingError,
    ContentLengthError,
    HttpProcessingError,
    LineTooLong,
    TransferEncodingError,
)

from quartapp.models.address import RefusedError
from quartapp.models.look import Reason
from quartapp.models.words import clean_line
from quartapp.texts import Text, find_text

RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL, errno.ENOMEM}
# Of a local firewall, the last two.
NETWORK = {errno.ENETUNREACH, errno.ENETDOWN, errno.EPERM, errno.EACCES}
BROKEN: dict[type[BaseException], str] = {
    ContentEncodingError: Text("The body cannot be unpacked as its Content-Encoding says."),
    ContentLengthError: Text("The body is shorter than its Content-Length."),
    LineTooLong: "A line of its headers is too long.",
    TransferEncodingError: Text("The body is not chunked as HTTP wants it."),
}


class LookError(Exception):
    """A failure whose reason is known where it happens."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def explain(error: Exception) -> tuple[Reason, str]:
    """Return the reason and one line in plain words; INTERNAL when nobody thought of it."""
    reason, detail = find_reason(error)
    return reason, clean_line(detail)


def find_reason(error: Exception) -> tuple[Reason, str]:
    match error:
        case LookError():
            return error.reason, find_text(error)
        case RefusedError():
            return Reason.BLOCKED, find_text(error)
        case MemoryError():
            return Reason.RESOURCES, Text("This process has no memory left.")
        case TimeoutError():
            return Reason.TIMEOUT, Text("It took too long.")
        case socket.gaierror():
            return explain_name(error)
    causes = list(find_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return Reason.TLS, explain_tls(cause)
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno:
            return explain_errno(cause.errno)
    return explain_protocol(error)


def find_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def explain_name(error: socket.gaierror) -> tuple[Reason, str]:
    if error.errno == socket.EAI_MEMORY:
        return Reason.RESOURCES, Text("This machine has no memory left to look up the name.")
    if error.errno == socket.EAI_AGAIN:
        return Reason.DNS, Text(
            "The name could not be looked up: no name server has an answer now."
        )
    return Reason.DNS, Text("The name leads to no address.")


def explain_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        fault = error.verify_message.rstrip(".")
        return Text("The certificate does not hold: %(fault)s.", fault=fault)
    # OpenSSL's name for it is all there is, as WRONG_VERSION_NUMBER; not each error has one.
    words = (getattr(error, "reason", "") or "it ended early").replace("_", " ").lower()
    return Text("The TLS connection failed: %(fault)s.", fault=words)


def explain_errno(number: int) -> tuple[Reason, str]:
    words = os.strerror(number)
    if number in RESOURCES:
        return Reason.RESOURCES, Text(
            "This machine could not open a connection: %(fault)s.", fault=words
        )
    if number in NETWORK:
        return Reason.NETWORK, Text("There is no way out of this machine: %(fault)s.", fault=words)
    if number == errno.ETIMEDOUT:
        return Reason.TIMEOUT, Text("The connection failed: %(fault)s.", fault=words)
    return Reason.CONNECT, Text("The connection failed: %(fault)s.", fault=words)


def explain_protocol(error: Exception) -> tuple[Reason, str]:
    match error:
        case ServerDisconnectedError():
            return Reason.CONNECT, Text("The site closed the connection without an answer.")
        case ConnectionError():
            return Reason.CONNECT, Text("The connection was lost.")
        case HttpProcessingError() | ClientPayloadError():
            return Reason.PROTOCOL, explain_answer(error)
        case _:
            return Reason.INTERNAL, Text("An error of ours: %(fault)s.", fault=type(error).__name__)


def explain_answer(error: HttpProcessingError | ClientPayloadError) -> str:
    for cause in find_causes(error):
        if type(cause) in BROKEN:
            return BROKEN[type(cause)]
    if isinstance(error, ClientPayloadError):
        return Text("The body is broken.")
    # What comes after the first line is the evidence, byte by byte.
    words = error.message.partition("\n")[0].rstrip(":.")
    return Text("The answer is no sound HTTP: %(fault)s.", fault=words)
