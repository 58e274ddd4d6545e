"""All that is kept about a person: what they are given of each table, and what not, and why."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, or_, select

from quartapp.models.base import Base
from quartapp.models.channel import Channel
from quartapp.models.user import User

SECRET = "a secret, its hash, or what proves one"  # noqa: S105
WITHIN = "how the program works with it"
OF_OTHERS = "what is of others, or about them"
SAID_ELSEWHERE = "it repeats what stands in another part"
ROW = ("id", "created_at", "updated_at")

TABLES = Base.metadata.tables


@dataclass(frozen=True, slots=True)
class Section:
    """What a table has of a person, in the rows that name them in the column *by*."""

    name: str
    source: str
    by: str
    columns: tuple[str, ...]
    is_theirs: Callable[[User], ColumnElement[bool]] | None = None  # more than *by* tells

    @property
    def table(self) -> Table:
        return TABLES[self.source]

    def choose(self, user: User) -> ColumnElement[bool]:
        return self.is_theirs(user) if self.is_theirs else self.table.c[self.by] == user.id


def is_own_link(user: User) -> ColumnElement[bool]:
    link = TABLES["link"].c
    return or_(link.user_id == user.id, and_(link.email.is_not(None), link.email == user.email))


def is_own_delivery(user: User) -> ColumnElement[bool]:
    own = select(Channel.id).where(Channel.user_id == user.id)
    return TABLES["delivery"].c.channel_id.in_(own)


def is_own_mail(user: User) -> ColumnElement[bool]:
    return TABLES["outbox_message"].c.recipient == user.email


def is_done_to(user: User) -> ColumnElement[bool]:
    """By others: what people do to themselves stands in what they did.

    What is older was done to somebody who is gone, whose id SQLite has given anew.
    """
    event = TABLES["audit_event"].c
    is_other = or_(event.by_id.is_(None), event.by_id != user.id)
    is_theirs = and_(event.subject_id == user.id, event.created_at >= user.created_at)
    return and_(event.subject_kind == "user", is_theirs, is_other)


SECTIONS = (
    Section(
        "account",
        "user",
        "id",
        (
            *("name", "email", "email_confirmed_at", "role", "disabled_at", "language", "theme"),
            *ROW,
        ),
    ),
    Section(
        "sessions",
        "user_session",
        "user_id",
        (
            *("browser", "address", "seen_at", "confirmed_at", "factor_at", "woken_at"),
            *("expires_at", *ROW),
        ),
    ),
    Section("tokens", "api_token", "user_id", ("name", "scope", "used_at", "expires_at", *ROW)),
    Section("second_factor", "second_factor", "user_id", ROW),
    Section("recovery_codes", "recovery_code", "user_id", ROW),
    Section("passkeys", "passkey", "user_id", ("name", "transports", "used_at", *ROW)),
    Section(
        "links", "link", "user_id", ("purpose", "email", "role", "expires_at", *ROW), is_own_link
    ),
    Section(
        "channels",
        "channel",
        "user_id",
        (
            *("entity_id", "kind", "url", "topics", "remind_every", "is_on", "last_sent_at"),
            *("last_error_at", "last_error", *ROW),
        ),
    ),
    Section(
        "deliveries",
        "delivery",
        "channel_id",
        (
            *("channel_id", "event_id", "number", "planned_at", "attempts", "sent_at"),
            *("failed_at", "last_error", *ROW),
        ),
        is_own_delivery,
    ),
    Section(
        "mails",
        "outbox_message",
        "recipient",
        ("recipient", "subject", "attempts", "sent_at", "failed_at", "last_error", *ROW),
        is_own_mail,
    ),
    Section("kept_answers", "kept_answer", "user_id", ("key", "status", "location", *ROW)),
    Section("sites", "entity", "owner_id", ("name", "slug", "url", "content", "is_public", *ROW)),
    Section("comments", "comment", "author_id", ("entity_id", "body", *ROW)),
    Section(
        "bugs_reported",
        "bug",
        "reporter_id",
        (
            *("entity_id", "title", "detail", "body", "severity", "state", "due_on"),
            *("opened_at", "closed_at", *ROW),
        ),
    ),
    Section("bugs_assigned", "bug", "assignee_id", ("entity_id", "title", *ROW)),
    Section("bug_notes", "bug_note", "author_id", ("bug_id", "change", "body", *ROW)),
    Section(
        "events",
        "event",
        "author_id",
        ("entity_id", "kind", "at", "title", "detail", "subject_id", *ROW),
    ),
    Section("pages_accepted", "baseline", "accepted_by_id", ("entity_id", "is_used", *ROW)),
    Section(
        "changes_settled",
        "tamper",
        "settled_by_id",
        ("entity_id", "found_at", "kind", "state", "settled_at", *ROW),
    ),
    Section("incident_notes", "incident_note", "author_id", ("incident_id", "state", "body", *ROW)),
    Section(
        "audit_done",
        "audit_event",
        "by_id",
        (*("action", "by_name", "subject_kind", "subject_id", "address", "detail", *ROW),),
    ),
    Section(
        "audit_borne",
        "audit_event",
        "subject_id",
        ("action", "by_name", "subject_name", "detail", *ROW),
        is_done_to,
    ),
)

# Of the tables above: what nobody is given.
LEFT_OUT = {
    "user": {"password_hash": SECRET},
    "user_session": dict.fromkeys(
        ("token_hash", "remember_hash", "last_remember_hash", "family"), SECRET
    ),
    "api_token": {"token_hash": SECRET, "hint": SECRET},
    "second_factor": {"sealed_secret": SECRET, "last_step": SECRET},
    "recovery_code": {"code_hash": SECRET},
    "passkey": {"credential_id": SECRET, "public_key": SECRET, "sign_count": WITHIN},
    "link": {"token_hash": SECRET},
    "channel": {"sealed_secret": SECRET, "host": SAID_ELSEWHERE},
    "delivery": {"until_id": WITHIN, "due_at": WITHIN, "claimed_by": WITHIN},
    "outbox_message": {
        **{"message_id": WITHIN, "due_at": WITHIN, "claimed_by": WITHIN},
        **{"text": SECRET, "html": SECRET},  # links that stand for somebody
    },
    "kept_answer": {"fingerprint": WITHIN, "etag": WITHIN, "body": SAID_ELSEWHERE},
    "bug": {"rule": WITHIN, "place": WITHIN, "streak": WITHIN, "status": WITHIN},
    "baseline": {"text": OF_OTHERS},
    "tamper": dict.fromkeys(
        (
            *("detail", "severity", "added", "removed", "replaced", "is_cut", "difference"),
            "text",
        ),
        OF_OTHERS,
    ),
}
