"""What one look at a site saw: facts only; the rules that judge them are beside it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quartapp.texts import Text


class Outcome(StrEnum):
    """Whose a result is: an answer, a failure of the site, or our own error, which moves none."""

    OK = Text("ok")
    FAIL = Text("fail")
    ERROR = Text("error")


class Reason(StrEnum):
    """Why there was no good answer."""

    # The site's.
    DNS = "dns"  # its name leads nowhere
    CONNECT = "connect"  # refused, reset or unreachable
    TLS = "tls"  # no handshake, or a certificate that does not hold
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # what it sent is no HTTP, or more than is read
    REDIRECT = "redirect"  # too many of them, or one to nowhere
    STATUS = "status"  # an answer, but not one that is expected
    CONTENT = "content"  # a word is missing, or there and should not be
    JSON = "json"  # no JSON, or not the value that is expected in it
    # Ours.
    BLOCKED = "blocked"  # the address is not ours to ask
    RESOURCES = "resources"  # no sockets, files or memory left
    NETWORK = "network"  # no way out of this machine
    LAG = "lag"  # this process was too busy to measure
    INTERNAL = "internal"


OURS = {Reason.BLOCKED, Reason.RESOURCES, Reason.NETWORK, Reason.LAG, Reason.INTERNAL}


@dataclass(frozen=True, slots=True)
class Phases:
    """Seconds, by a clock that only goes forward; None: it did not come so far.

    Of several hops each phase is the sum. *waited* is our own queue, and in no other figure.
    """

    waited: float = 0.0
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """What the site's last hop showed in its handshake."""

    fingerprint: str  # SHA-256 of the DER form, in hexadecimal digits
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    protocol: str  # "TLSv1.3"


@dataclass(frozen=True, slots=True)
class Look:
    """What came back from a site, or why nothing did."""

    url: str
    started_at: datetime
    reason: Reason | None = None  # None: it answered, whatever the answer is
    detail: str = ""  # for people: one line, without control characters
    status: int | None = None
    final_url: str = ""  # after redirects
    hops: tuple[str, ...] = ()  # the addresses that redirected, the first one first
    headers: tuple[tuple[str, str], ...] = ()  # of the last answer, names in small letters
    body: bytes = field(default=b"", repr=False)  # decompressed, to the limit
    is_cut: bool = False  # there was more of the body than is read
    certificate: SeenCertificate | None = None
    lane: str = ""  # the host or address whose turn it last had to wait for, as others ask it, too
    phases: Phases = Phases()

    @property
    def outcome(self) -> Outcome:
        if self.reason is None:
            return Outcome.OK
        return Outcome.ERROR if self.reason in OURS else Outcome.FAIL

    def get_header(self, name: str) -> str:
        """Return the first header of that name in small letters; "" when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def get_headers(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]
