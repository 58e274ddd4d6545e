from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Action, User
from quartapp.services.audit import record_event, select_events
from tests.api.helpers import Api


async def test_event_tells_all_that_is_known(app: Quart, head: Api, admin: User, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        given = {"detail": "viewer to editor", "address": "192.0.2.1"}
        await record_event(session, Action.ROLE_CHANGED, by=admin, on=ann, **given)
    status, page = await head("GET", "/audit?per_page=1")
    (event,) = page["items"]
    assert (status, event) == (
        200,
        {
            "id": event["id"],
            "action": "role-changed",
            "by_id": admin.id,
            "by_name": "admin",
            "subject_kind": "user",
            "subject_id": ann.id,
            "subject_name": "ann",
            **given,
            "created_at": event["created_at"],
        },
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=logout", ["logout"]),
        ("person=ann", ["logout", "user-created"]),
        ("person=ann&action=token-made", []),
    ],
)
async def test_log_is_read_by_action_and_person(
    app: Quart, head: Api, ann: User, query: str, found: list[str]
) -> None:
    async with app.app_context(), db.begin() as session:
        await record_event(session, Action.LOGOUT, by=ann, on=ann)
    _, page = await head("GET", f"/audit?{query}")
    assert [event["action"] for event in page["items"]] == found


@pytest.mark.parametrize(
    ("query", "count"), [("from={today}&to={today}", 1), ("from={tomorrow}", 0), ("to={before}", 0)]
)
async def test_log_is_read_by_days(
    app: Quart, head: Api, ann: User, query: str, count: int
) -> None:
    async with app.app_context(), db.begin() as session:
        await record_event(session, Action.LOGOUT, by=ann, on=ann)
        (event,) = await session.scalars(select_events(Action.LOGOUT))
    today, day = event.created_at.date(), timedelta(days=1)
    days = query.format(today=today, tomorrow=today + day, before=today - day)
    _, page = await head("GET", f"/audit?action=logout&{days}")
    assert len(page["items"]) == count


@pytest.mark.parametrize("day", ["2026-02-30", "0", "1767225600", "2026-01-01T00:00:00", ""])
async def test_day_that_is_none_is_refused(head: Api, day: str) -> None:
    assert (await head("GET", f"/audit?from={day}"))[0] == 422
    assert (await head("GET", f"/audit?to={day}"))[0] == 422


async def test_action_that_is_none_is_refused(head: Api) -> None:
    assert (await head("GET", "/audit?action=flown"))[0] == 422
