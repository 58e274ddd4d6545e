"""Channels by the API: one's own, with the secret shown once."""

from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Delivery, EventKind, Role, User, utcnow
from tests.api.helpers import Api, add_site
from tests.helpers import add_person, make_bearer
from tests.services.telling import happen

HOOK = {"kind": "webhook", "url": "https://hooks.example.org/a"}


@pytest.fixture
async def admin(app: Quart, admin: User) -> User:
    """The administrator, with a confirmed address."""
    async with app.app_context(), db.begin() as session:
        values = {"email": "admin@example.org", "email_confirmed_at": utcnow()}
        await session.execute(update(User).where(User.id == admin.id).values(values))
    return admin


async def add(api: Api, **given: Any) -> dict[str, Any]:
    status, made = await api("POST", "/channels", json=given)
    assert (status, api.answered["Location"]) == (201, f"/api/v1/channels/{made['id']}")
    return dict(made)


async def test_secret_of_a_webhook_is_shown_once(app: Quart, api: Api, admin: User) -> None:
    site = await add_site(app, admin)
    made = await add(api, **HOOK, entity_id=site.id, topics=["bug", "usability"], remind_every=60)
    secret = made.pop("secret")
    status, shown = await api("GET", f"/channels/{made['id']}")
    _, page = await api("GET", "/channels")

    assert (status, len(secret), secret[:3]) == (200, 46, "qs_")
    assert shown == made == page["items"][0]
    assert shown == {
        "id": made["id"],
        "kind": "webhook",
        "url": HOOK["url"],
        "entity": {"id": site.id, "name": site.name, "slug": site.slug, "url": site.url},
        "topics": ["usability", "bug"],
        "remind_every": 60,
        "is_on": True,
        "last_sent_at": None,
        "last_error_at": None,
        "last_error": "",
        "created_at": made["created_at"],
    }


async def test_new_secret_of_a_webhook_is_shown_once(api: Api, admin: User) -> None:
    made = await add(api, **HOOK, topics=["bug"])
    old = made.pop("secret")
    status, changed = await api("POST", f"/channels/{made['id']}/secret")
    new = changed.pop("secret")

    assert (status, changed, len(new), new[:3]) == (200, made, 46, "qs_")
    assert new != old
    assert await api("GET", f"/channels/{made['id']}") == (200, made)


async def test_mail_has_no_secret_to_change(api: Api, admin: User) -> None:
    made = await add(api, kind="mail")
    status, problem = await api("POST", f"/channels/{made['id']}/secret")
    assert (status, problem["detail"]) == (409, "Mail has no secret.")


async def test_mail_has_no_secret(api: Api, admin: User) -> None:
    made = await add(api, kind="mail")
    assert (made["secret"], made["url"], made["entity"]) == (None, "", None)
    assert made["topics"] == ["usability", "tamper", "bug"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "webhook"}, "url"),
        ({"kind": "mail", "url": "https://a.test/"}, "url"),
        ({"kind": "webhook", "url": "ftp://a.test/"}, "url"),
        ({**HOOK, "topics": ["comment"]}, "topics"),
        ({**HOOK, "topics": []}, "topics"),
        ({**HOOK, "remind_every": 3}, "remind_every"),
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, given: dict[str, Any], field: str) -> None:
    status, body = await api("POST", "/channels", json=given)
    assert (status, [error["loc"][0] for error in body["errors"]]) == (422, [field])


async def test_site_that_is_not_there_is_none(api: Api) -> None:
    assert (await api("POST", "/channels", json={**HOOK, "entity_id": 99_999_999}))[0] == 404


async def test_who_has_no_address_is_told_so(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        viewer = await add_person(session, "bob", role=Role.VIEWER)
        bob = Api(app, await make_bearer(session, viewer))
    status, body = await bob("POST", "/channels", json={"kind": "mail"})
    assert (status, body["detail"].partition(":")[2]) == (409, " confirm one first.")
    assert (await bob("POST", "/channels", json=HOOK))[0] == 403


async def test_channel_is_changed_and_removed(app: Quart, api: Api, admin: User) -> None:
    site = await add_site(app, admin)
    path = f"/channels/{(await add(api, **HOOK, entity_id=site.id))['id']}"
    changes = {"url": "https://b.test/", "topics": ["tamper"], "is_on": False, "remind_every": 5}
    status, changed = await api("PATCH", path, json=changes)
    assert (status, {name: changed[name] for name in changes}) == (200, changes)
    assert changed["entity"]["id"] == site.id
    _, changed = await api("PATCH", path, json={"entity_id": None})
    assert (changed["entity"], changed["is_on"]) == (None, False)
    assert await api("DELETE", path) == (204, None)
    assert (await api("GET", path))[0] == 404


async def test_test_and_events_are_listed_as_they_are_told(
    app: Quart, api: Api, admin: User
) -> None:
    site, made = await add_site(app, admin), await add(api, **HOOK)
    path = f"/channels/{made['id']}"
    async with app.app_context():
        event = await happen(site, EventKind.CHANGED)
    status, test = await api("POST", f"{path}/test")
    again, _ = await api("POST", f"{path}/test")
    async with app.app_context(), db.begin() as session:
        told = {"sent_at": utcnow(), "due_at": None, "attempts": 1}
        await session.execute(update(Delivery).where(Delivery.id == test["id"]).values(told))
    _, page = await api("GET", f"{path}/deliveries")

    assert (status, again, test["state"]) == (202, 409, "waiting")
    first, second = page["items"]
    assert (first["id"], first["event"], first["state"]) == (test["id"], None, "sent")
    shown = {"id": event.id, "kind": "tamper.changed", "title": "tamper.changed"}
    assert {**shown, "at": second["event"]["at"]} == second["event"]
    assert (second["state"], second["attempts"], second["number"]) == ("waiting", 0, 0)
