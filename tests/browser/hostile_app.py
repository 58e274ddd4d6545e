"""The application with payloads in every text that people or sites fill in, past all checks.

Row 7 of each table belongs to row 7 of the others, as if an older version had kept it all.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import re2
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary, Table, insert

import quartapp
from quartapp.app import QuartApp
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.models import Base, utcnow
from quartapp.models.base import UtcDateTime
from quartapp.models.difference import Row, RowKind
from quartapp.models.lens import compile_pattern
from quartapp.models.packed import pack
from quartapp.models.page_state import Watch
from quartapp.models.reading import pack_watch
from quartapp.security import hash_password
from tests.browser.payloads import ROWS, write_texts
from tests.helpers import PASSWORD

ADMIN = ROWS + 1  # the id of who looks at it all: only the address is no payload
EMAIL = "admin@example.org"
FILLED = {  # by people or by sites
    "user": "name email",
    "entity": "name url content",
    "comment": "body",
    "bug": "place title detail body",
    "bug_note": "body",
    "tamper": "detail difference text",
    "baseline": "text",
    "page_watch": "exclude include ignore memory",
    "outage": "cause",
    "result": "detail",
    "event": "title detail",
    "notice": "fingerprint",
    "check": "host statuses present absent json_path json_value certificate",
    "channel": "url host last_error",
    "delivery": "last_error",
    "api_token": "name hint",
    "passkey": "name transports",
    "user_session": "browser address",
    "audit_event": "by_name subject_kind subject_name address detail",
    "maintenance": "title",
    "site_group": "name description",
    "incident": "title",
    "incident_note": "body",
    "outbox_message": "recipient subject text html last_error message_id",
    "link": "email",
    "visit": "route",
}
GIVEN: dict[str, dict[str, Any]] = {  # what the code knows by its value
    "user": {
        "password_hash": "",
        "role": "editor",
        "language": None,
        "theme": None,
        "disabled_at": None,
    },
    "entity": {"is_public": True},
    "bug": {"rule": None, "severity": "high", "state": "open", "closed_at": None},
    "bug_note": {"change": "comment"},
    "tamper": {"kind": "changed", "severity": "high", "state": "open", "settled_at": None},
    "page_watch": {"state": "unconfirmed", "answer": "", "checksum": ""},
    "outage": {"reason": "status"},
    "kept_answer": {
        "key": "k",
        "fingerprint": "0",
        "status": 201,
        "location": None,
        "etag": None,
        "body": None,
    },
    "result": {"outcome": "fail", "reason": "status", "state": "down", "status": 500},
    "event": {"kind": "comment.added"},
    "check": {"state": "down", "due_at": None, "interval": 60, "down_after": 2, "up_after": 2},
    "channel": {
        "kind": "webhook",
        "sealed_secret": "",
        "topics": "usability,bug",
        "user_id": ADMIN,
    },
    "delivery": {"due_at": None, "sent_at": None, "claimed_by": None},
    "api_token": {"scope": "read", "user_id": ADMIN},
    "passkey": {"user_id": ADMIN},
    "user_session": {"user_id": ADMIN, "remember_hash": None, "last_remember_hash": None},
    "audit_event": {"action": "login"},
    "maintenance": {"timezone": "UTC", "weekdays": "", "start_time": None, "minutes": None},
    "site_group": {"is_public": True},
    "incident": {"impact": "major", "resolved_at": None},
    "incident_note": {"state": "investigating"},
    "outbox_message": {"due_at": None, "claimed_by": None, "sent_at": None},
    "link": {"purpose": "invite", "role": "editor", "user_id": None},
    "visit": {"outcome": "2xx"},
}
# What only the code writes: secrets and figures.
OWN = {"second_factor", "recovery_code", "glance", "hourly", "daily", "rolled"}
UNLIKE = {"slug", "family", "token_hash", "credential_id"}  # of which no two rows have the same
# Of another kind, which pages show in another way.
OTHERS: dict[str, dict[str, Any]] = {
    "event": {"kind": "usability.down"},
    "tamper": {"kind": "missing"},
}
HIDDEN = {  # from all pages
    *("notice.fingerprint", "check.host", "check.certificate", "passkey.transports"),
    *("tamper.text", "tamper.difference", "baseline.text", "audit_event.subject_kind"),
    *("outbox_message.text", "outbox_message.html", "outbox_message.message_id"),
}
LATER = {"expires_at", "ends_at"}


def create_app() -> QuartApp:
    app = quartapp.create_app()
    app.before_serving(fill)
    return app


async def fill() -> None:
    await upgrade(db.engine)
    async with db.begin() as session:
        admin = make_row(Base.metadata.tables["user"], 1) | {"id": ADMIN, "email": EMAIL}
        admin |= {"role": "admin", "password_hash": await hash_password(PASSWORD)}
        admin["name"] += "!"
        for table in Base.metadata.sorted_tables:
            if table.name not in OWN:
                rows = [make_row(table, number) for number in range(1, ROWS + 1)]
                rows += [admin] if table.name == "user" else []
                if other := OTHERS.get(table.name):
                    rows += [row | other | {"id": row["id"] + ROWS} for row in rows]
                for row in rows:
                    await session.execute(insert(table).values(row))


def make_row(table: Table, number: int) -> dict[str, Any]:
    texts, given = FILLED.get(table.name, "").split(), GIVEN.get(table.name, {})
    made = {
        column.name: (make_text if column.name in texts else make_value)(column, number)
        for column in table.columns
        if column.name not in given
    }
    return made | given


def make_value(column: Column[Any], number: int) -> Any:
    if column.name == "id" or column.foreign_keys or column.name.endswith("_id"):
        return number
    if column.name in UNLIKE:
        return f"s{number}"
    if isinstance(column.type, UtcDateTime):
        return utcnow() + timedelta(days=1 if column.name in LATER else -0.01 * number)
    if isinstance(column.type, Date):
        return utcnow().date()
    if isinstance(column.type, Boolean):
        return column.name.startswith("is_") and column.name != "is_of_all"
    if isinstance(column.type, Integer | BigInteger | Float):
        return 1
    assert isinstance(column.type, LargeBinary), f"{column} is neither FILLED nor GIVEN."
    return b"key"


def make_text(column: Column[Any], number: int) -> Any:
    field = str(column)
    lines = write_texts(field, number, "\n")
    if field == "tamper.difference":
        return pack([asdict(row) for row in make_rows(number)])
    if field == "page_watch.memory":
        return pack_watch(Watch(differing=tuple(f"+{line}" for line in lines.split("\n"))))
    if isinstance(column.type, LargeBinary):
        return pack(lines)
    if field == "page_watch.ignore":
        return "\n".join(line for line in lines.split("\n") if is_pattern(line))
    return lines if column.table.name == "page_watch" else write_texts(field, number)


def is_pattern(line: str) -> bool:
    """Tell whether a line can be compiled: of what cannot, no version ever kept one."""
    try:
        compile_pattern(line)
    except re2.error:
        return False
    return True


def make_rows(number: int) -> list[Row]:
    old = ((write_texts("tamper.old", number), True),)
    new = ((write_texts("tamper.new", number), True),)
    same = ((write_texts("tamper.same", number), False),)
    return [
        Row(RowKind.REPLACED, 1, 1, old, new),
        Row(RowKind.SAME, 2, 2, same, same),
        Row(RowKind.REMOVED, old_number=3, old=old),
        Row(RowKind.ADDED, new_number=3, new=new),
    ]
