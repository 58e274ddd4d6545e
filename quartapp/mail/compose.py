"""What a mail is made of: parts from templates, and headers that nobody can add to."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, NamedTuple

from quart import render_template

from quartapp.models import OutboxMessage

POLICY = SMTP.clone(cte_type="7bit")  # which every server takes


class MailText(NamedTuple):
    subject: str
    text: str
    html: str


async def render_mail(name: str, **context: Any) -> MailText:
    """Fill in `mail/<name>.txt`, whose first line is the subject, and `mail/<name>.html`."""
    plain = await render_template(f"mail/{name}.txt", **context)
    subject, _, text = plain.partition("\n")
    html = await render_template(f"mail/{name}.html", subject=subject, **context)
    return MailText(subject.strip(), text.strip() + "\n", html)


def compose(message: OutboxMessage, sender: str) -> EmailMessage:
    """Return the same mail at every try, so that one which comes twice is known as one."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Subject"] = message.subject
    mail["Message-ID"] = message.message_id
    mail["Date"] = format_datetime(message.created_at)
    mail["Auto-Submitted"] = "auto-generated"  # no answer from who is on holiday
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def find_address(mail: EmailMessage, header: str) -> str:
    """Return the one address of From or To."""
    (address,) = mail[header].addresses
    return str(address.addr_spec)
