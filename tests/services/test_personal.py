"""All that is kept about a person, and of nobody else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import AuditEvent, Base, Link, OutboxMessage, User, utcnow
from quartapp.models.archive import write_value
from quartapp.models.personal import LEFT_OUT, SECTIONS
from quartapp.services import export
from quartapp.services.personal import FORMAT, write_person
from tests.filling import ROWS, fill, make_value

EMAIL = "ann@example.org"
TABLES = {table.name: table for table in Base.metadata.sorted_tables}
COMMENT = ("entity_id", "body", "id", "created_at", "updated_at")


@pytest.fixture(autouse=True)
async def _rows(app: Quart) -> None:
    """In all tables, a row of each of three people; the first one has an address."""
    async with app.app_context():
        async with db.engine.begin() as connection:
            await connection.run_sync(fill, TABLES.values(), 0)
        async with db.begin() as session:
            one = User.id == 1
            await session.execute(update(User).where(one).values(email=EMAIL))
            for table in (OutboxMessage.recipient, Link.email):
                query = update(table.class_).where(table.class_.id == 2)
                await session.execute(query.values({table.key: EMAIL}))


async def export_person(id: int) -> dict[str, Any]:
    now = utcnow()
    async with db.read() as session:
        user = await session.get_one(User, id)
    document = json.loads("".join([piece async for piece in write_person(db.readers, user, now)]))
    assert document.pop("made_at") == write_value(now)
    assert document.pop("format") == FORMAT
    return dict(document)


async def test_each_part_has_the_rows_of_the_person_alone(app: Quart) -> None:
    async with app.app_context():
        found = await export_person(1)

    ids = {name: [row["id"] for row in rows] for name, rows in found.items()}
    assert ids == {
        **{section.name: [1] for section in SECTIONS},
        "links": [1, 2],  # the second went to their address
        "mails": [2],
        "audit_borne": [],
    }
    comment = {column: make_value(TABLES["comment"].c[column], 1, 0) for column in COMMENT}
    assert found["comments"] == [{name: write_value(value) for name, value in comment.items()}]


async def test_nothing_that_is_left_out_is_in_it(app: Quart) -> None:
    async with app.app_context():
        found = json.dumps(await export_person(1), ensure_ascii=False)

    for name, columns in LEFT_OUT.items():
        for column in set(columns) - {"detail", "status"}:  # which others have, too
            value = make_value(TABLES[name].c[column], 1, 0)
            if isinstance(value, str) and column in value:
                assert json.dumps(value, ensure_ascii=False)[1:-1] not in found, column


async def test_what_was_done_to_them_tells_not_from_where(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            done = {"subject_kind": "user", "subject_id": 1}
            await session.execute(update(AuditEvent).values(**done, address="192.0.2.1"))
        found = await export_person(1)

    assert [row["id"] for row in found["audit_done"]] == [1]
    assert found["audit_done"][0]["address"] == "192.0.2.1"
    assert [row["id"] for row in found["audit_borne"]] == [2, 3]
    assert "address" not in found["audit_borne"][0]


async def test_what_was_done_to_who_had_their_id_before_is_not_theirs(app: Quart) -> None:
    """SQLite gives the id of the last account anew, and the audit log refers to nobody's row."""
    made_at, second = utcnow(), timedelta(seconds=1)
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(update(User).where(User.id == 1).values(created_at=made_at))
            for event_id, moment in ((2, made_at - second), (3, made_at)):
                values = {"subject_kind": "user", "subject_id": 1, "created_at": moment}
                query = update(AuditEvent).where(AuditEvent.id == event_id)
                await session.execute(query.values(**values))
        found = await export_person(1)

    assert [row["id"] for row in found["audit_borne"]] == [3]


async def test_who_has_no_address_gets_no_mail_of_others(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(update(User).where(User.id == 3).values(email=None))
            await session.execute(update(Link).where(Link.id == 1).values(email=None))
        found = await export_person(3)

    assert (found["mails"], [row["id"] for row in found["links"]]) == ([], [3])


async def test_no_more_than_a_part_is_read_at_once(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PART", 1)
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(update(AuditEvent).values(by_id=1))
        found = await export_person(1)

    assert [row["id"] for row in found["audit_done"]] == list(range(1, ROWS + 1))
