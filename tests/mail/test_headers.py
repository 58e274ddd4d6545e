"""Whatever somebody writes where a mail has room for it: one mail, for whom it is."""

import random
from collections.abc import Iterator

from quartapp.errors import InvalidError
from quartapp.mail.worker import Mailer, send_batch
from tests.mail.helpers import ALICE, add_mail, load_messages
from tests.smtp_sink import Sink

EVE = "eve@example.org"
BREAKS = ["\r\n", "\n", "\r", "\n\n", "\r\n\r\n", "\r\n\t", "\0", "\x0b", "\x1c", "\x85", "\u2028"]
MASKED = ["%0d%0a", "\\r\\n", "=0D=0A", "&#10;", "\u560d\u560a", "\uff0a", "\u010a\u010d"]
INTENTS = [
    f"Bcc: {EVE}",
    f"To: {EVE}",
    "Subject: free money",
    "Content-Type: text/html\r\n\r\n<script>",
    f".\r\nMAIL FROM:<{EVE}>\r\nRCPT TO:<{EVE}>\r\nDATA\r\nSubject: second\r\n\r\nx\r\n",
    f".\nRCPT TO:<{EVE}>",
    f"\r.\rMAIL FROM:<{EVE}>",
]
SYNTAX = [
    f", {EVE}",
    f"; {EVE}",
    f" <{EVE}>",
    f'" <{EVE}>, "',
    f"undisclosed: {EVE};",
    f"({EVE})",
    f"<{EVE}",
    f"%{EVE}",
    f"={EVE}",
    "=?utf-8?q?=0D=0ABcc:_eve@example.org?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
    "=?utf-8?q?a?= =?utf-8?q?=0Ab?=",
    "{{ 7 * 7 }}",
    "x" * 2_000,
    "é" * 120,
    "🙂" * 119,
    "\u202egro.elpmaxe@eve",
    "From me",
    "",
    ".",
]


def make_values() -> list[str]:
    values = [f"Hello{end}{intent}" for end in BREAKS + MASKED for intent in INTENTS] + SYNTAX
    chance = random.Random(4)
    alphabet = [*BREAKS, *MASKED, *SYNTAX, *"<>,;:@\"'()[]\\ =?_.-äß東\t", "Bcc:", EVE]
    while len(values) < 200:
        values.append("".join(chance.choices(alphabet, k=chance.randint(2, 12))))
    return values


def make_fields(value: str) -> Iterator[dict[str, str]]:
    yield {"subject": value}
    yield {"recipient": f"{ALICE}{value}"}
    yield {"recipient": f"{value}{ALICE}"}
    yield {"text": value, "html": value}


async def test_each_value_makes_one_mail_for_its_recipient_or_none(
    mailer: Mailer, sink: Sink
) -> None:
    values, added, refused = make_values(), 0, 0
    for value in values:
        for given in make_fields(value):
            try:
                await add_mail(**given)
                added += 1
            except InvalidError:
                refused += 1
    while await send_batch(mailer):
        pass

    assert (len(values), added + refused) == (200, 800)
    assert added > 250  # each as a text, and those without control characters as a subject
    messages = {message.message_id: message for message in await load_messages()}
    names = sorted(delivery.mail["Message-ID"] for delivery in sink.deliveries)
    assert names == sorted(messages)
    for delivery in sink.deliveries:
        message = messages[delivery.mail["Message-ID"]]
        assert delivery.recipients == [message.recipient]
        assert dict(delivery.mail.items()) == {
            "From": "sites@example.org",
            "To": message.recipient,
            "Subject": message.subject,
            "Message-ID": message.message_id,
            "Date": delivery.mail["Date"],
            "Auto-Submitted": "auto-generated",
            "MIME-Version": "1.0",
            "Content-Type": delivery.mail["Content-Type"],
        }


async def test_what_was_asked_for_stands_in_the_subject(mailer: Mailer, sink: Sink) -> None:
    subjects = ["Site “東京” is down", "=1+1", 'a, b; <c> (d) "e" : f\\', "x" * 120, "ä" * 120]
    for subject in subjects:
        await add_mail(subject=subject)
    await send_batch(mailer)

    assert [delivery.mail["Subject"] for delivery in sink.deliveries] == subjects
