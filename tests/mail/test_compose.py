from email import message_from_bytes
from email.policy import default

import pytest
from quart import Quart

from quartapp import mail
from quartapp.extensions import db
from quartapp.mail.compose import compose, render_mail
from quartapp.models import OutboxMessage, utcnow

LINK = "https://example.org/reset?a=1&b=<2>"


async def test_template_gives_subject_text_and_html(app: Quart) -> None:
    async with app.app_context():
        subject, text, html = await render_mail("reset", link=LINK)

    assert subject == "Choose a new password"
    assert text.startswith("Somebody, hopefully you, wants a new password")
    assert f"\n\n{LINK}\n\n" in text
    assert '<a href="https://example.org/reset?a=1&amp;b=&lt;2&gt;">' in html
    assert "<title>Choose a new password</title>" in html
    assert "within 30 minutes" in " ".join(text.split())
    assert "within 30 minutes" in " ".join(html.split())


def make_message(**given: str) -> OutboxMessage:
    values = {
        "recipient": "alice@example.org",
        "subject": "Grüße",
        "message_id": f"<{'a' * 32}@{'a-long-name.' * 10}example.org>",
        "text": "Grüße\r\n.\r\nQUIT\n" + "x" * 2_000,
        "html": "<p>Grüße",
    }
    return OutboxMessage(created_at=utcnow(), **{**values, **given})


def test_mail_reads_as_it_was_meant() -> None:
    message = make_message()
    raw = compose(message, "sites@example.org").as_bytes()
    read = message_from_bytes(raw, policy=default)

    assert raw.isascii()
    assert max(len(line) for line in raw.splitlines()) < 998
    assert dict(read.items()) == {
        "From": "sites@example.org",
        "To": "alice@example.org",
        "Subject": "Grüße",
        "Message-ID": message.message_id,
        "Date": read["Date"],
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": read["Content-Type"],
    }
    assert read["Date"].datetime == message.created_at.replace(microsecond=0)
    assert read.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content()) for part in read.iter_parts()]
    assert parts == [
        ("text/plain", "Grüße\r\n.\r\nQUIT\r\n" + "x" * 2_000 + "\r\n"),
        ("text/html", "<p>Grüße\r\n"),
    ]


@pytest.mark.parametrize("field", ["recipient", "subject"])
def test_mail_with_a_line_break_in_a_header_is_not_made(field: str) -> None:
    message = make_message(**{field: "a@example.org\r\nBcc: eve@example.org"})
    with pytest.raises(ValueError, match=r"Header values|Invalid|CR"):
        compose(message, "sites@example.org")


async def test_message_id_names_the_host_that_people_know(app: Quart) -> None:
    app.config["PUBLIC_URL"] = "https://sites.example.org:8443/x"
    async with app.app_context(), db.begin() as session:
        message = await mail.send_mail(session, "reset", "alice@example.org", link=LINK)

    assert message.message_id.endswith("@sites.example.org>")
    assert message.subject == "Choose a new password"
