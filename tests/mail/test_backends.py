"""Where mail goes, and what the answers of a mail server mean."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from quartapp.mail.backends import (
    AwayError,
    Backend,
    ConsoleBackend,
    MailError,
    MemoryBackend,
    RefusedError,
    SmtpBackend,
    make_backend,
)
from quartapp.mail.compose import compose
from quartapp.models import OutboxMessage, utcnow
from tests.mail.helpers import wait_until
from tests.smtp_sink import Sink, make_tls_context, start_sink

OPEN = {"MAIL_USERNAME": "", "MAIL_PASSWORD": ""}
LOGIN = {"MAIL_USERNAME": "sites", "MAIL_PASSWORD": "open sesame"}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Whom this process trusts alone."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


async def send(backend: Backend, *recipients: str) -> None:
    try:
        for recipient in recipients or ("alice@example.org",):
            given = {"subject": "Hello", "text": "text", "html": "<p>html"}
            message = OutboxMessage(
                recipient=recipient, message_id="<1@localhost>", created_at=utcnow(), **given
            )
            await backend.send(compose(message, "sites@example.org"))
    finally:
        await backend.close()
        await wait_until(is_hung_up)  # TLS says goodbye after the call has returned


def is_hung_up() -> bool:
    """Tell whether every connection of the loop is closed, as its transport wants it to be."""
    loop: Any = asyncio.get_running_loop()
    return all(transport._sock is None for transport in list(loop._transports.values()))


def reach(sink: Sink, **given: Any) -> SmtpBackend:
    return SmtpBackend({**OPEN, **sink.settings, **given})


async def test_mails_that_follow_each_other_share_a_connection(sink: Sink) -> None:
    backend = reach(sink)
    await send(backend, "alice@example.org", "bob@example.org")
    await send(backend)

    seen = [(delivery.sender, delivery.recipients) for delivery in sink.deliveries]
    assert seen == [
        ("sites@example.org", ["alice@example.org"]),
        ("sites@example.org", ["bob@example.org"]),
        ("sites@example.org", ["alice@example.org"]),
    ]
    first, second, third = [delivery.connection for delivery in sink.deliveries]
    assert first == second != third


@pytest.fixture(params=["starttls", "tls"])
def tls_sink(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[tuple[Sink, str]]:
    context = make_tls_context(authority)
    options: dict[str, Any] = {"ssl_context": context}
    if request.param == "starttls":
        options = {"tls_context": context, "require_starttls": True}
    with start_sink(**options) as sink:
        yield sink, request.param


async def test_mail_goes_encrypted(tls_sink: tuple[Sink, str]) -> None:
    sink, security = tls_sink
    await send(reach(sink, MAIL_SECURITY=security))

    assert [delivery.is_encrypted for delivery in sink.deliveries] == [True]


async def test_server_that_nobody_vouches_for_gets_nothing(
    tls_sink: tuple[Sink, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, security = tls_sink
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(AwayError, match="CERTIFICATE_VERIFY_FAILED"):
        await send(reach(sink, MAIL_SECURITY=security))
    assert sink.deliveries == []


async def test_server_without_starttls_gets_nothing(sink: Sink) -> None:
    with pytest.raises(AwayError, match="STARTTLS"):
        await send(reach(sink, MAIL_SECURITY="starttls"))
    assert sink.deliveries == []


@pytest.fixture
def guarded_sink(authority: trustme.CA) -> Iterator[Sink]:
    """A server that wants a login, over TLS."""
    context, sink = make_tls_context(authority), Sink(0)
    options = {"auth_required": True, "authenticator": sink.authenticate}
    with start_sink(tls_context=context, require_starttls=True, **options) as started:
        yield started


async def test_login_is_the_one_of_the_settings(guarded_sink: Sink) -> None:
    await send(reach(guarded_sink, MAIL_SECURITY="starttls", **LOGIN))
    wrong = {**LOGIN, "MAIL_PASSWORD": "wrong"}
    with pytest.raises(AwayError, match="535"):
        await send(reach(guarded_sink, MAIL_SECURITY="starttls", **wrong))

    assert [delivery.user for delivery in guarded_sink.deliveries] == ["sites"]


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [
        ("alice@example.org", "550 5.1.1 unknown", RefusedError),
        ("alice@example.org", "450 busy", MailError),
        ("alice@example.org", "530 login first", MailError),
        ("DATA", "554 5.7.1 spam", RefusedError),
        ("DATA", "451 later", MailError),
    ],
)
async def test_answers_mean_never_or_later(
    sink: Sink, step: str, reply: str, expected: type[MailError]
) -> None:
    sink.replies[step] = reply

    with pytest.raises(MailError) as caught:
        await send(reach(sink))

    assert (type(caught.value), str(caught.value)) == (expected, reply)


async def test_mail_after_a_refused_one_is_sent(sink: Sink) -> None:
    sink.replies["eve@example.org"] = "550 unknown"
    backend = reach(sink)

    with pytest.raises(RefusedError):
        await send(backend, "alice@example.org", "eve@example.org")
    await send(backend, "bob@example.org")

    people = [delivery.recipients for delivery in sink.deliveries]
    assert people == [["alice@example.org"], ["bob@example.org"]]


async def test_server_that_is_away_is_told_in_one_line(unused_port: int) -> None:
    with pytest.raises(AwayError) as caught:
        await send(reach(Sink(unused_port)))

    assert "\n" not in str(caught.value)
    assert str(unused_port) in str(caught.value)


async def test_server_that_hangs_up_is_tried_again_later() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AwayError):
            await send(reach(Sink(port)))


async def test_console_shows_the_links(capsys: pytest.CaptureFixture[str]) -> None:
    await send(ConsoleBackend())

    assert capsys.readouterr().out == (
        "--- mail\nFrom: sites@example.org\nTo: alice@example.org\nSubject: Hello\n\ntext\n---\n"
    )


async def test_memory_keeps_what_was_sent() -> None:
    backend = MemoryBackend()
    await send(backend, "alice@example.org", "bob@example.org")

    assert [mail["To"] for mail in backend.mails] == ["alice@example.org", "bob@example.org"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("smtp", SmtpBackend), ("console", ConsoleBackend), ("memory", MemoryBackend)],
)
def test_backend_is_the_one_of_the_settings(name: str, kind: type) -> None:
    assert type(make_backend({**OPEN, **Sink(1).settings, "MAIL_BACKEND": name})) is kind


def test_no_backend_is_one_too() -> None:
    assert make_backend({"MAIL_BACKEND": "none"}) is None
