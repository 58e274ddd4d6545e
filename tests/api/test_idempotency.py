"""A POST that comes again with its key does nothing, and is answered as the first time."""

import asyncio
from inspect import getsource, unwrap
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import func, select, update
from werkzeug.datastructures import Headers

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Comment, Entity, KeptAnswer, User, utcnow
from quartapp.models.idempotency import KEPT_FOR
from quartapp.services.idempotency import claim_key
from tests.api.helpers import SITE, Api, add_site
from tests.helpers import add_person, make_bearer

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
REPLAYED = "Idempotency-Replayed"
KEPT = ("Location", "ETag", "Content-Type")


async def count(app: Quart, table: Any) -> int:
    async with app.app_context(), db.read() as session:
        return await session.scalar(select(func.count(table.id))) or 0


async def age(app: Quart, **values: Any) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(KeptAnswer).values(**values))


async def call_as(app: Quart, name: str) -> Api:
    async with app.app_context(), db.begin() as session:
        return Api(app, await make_bearer(session, await add_person(session, name)))


async def test_same_key_is_done_once_and_answered_alike(app: Quart, api: Api) -> None:
    first = await api("POST", "/entities", json=SITE, headers=KEY)
    assert (first[0], REPLAYED in api.answered) == (201, False)
    told = {name: api.answered[name] for name in KEPT}

    assert await api("POST", "/entities", json=SITE, headers=KEY) == first
    assert {name: api.answered[name] for name in KEPT} == told
    assert api.answered[REPLAYED] == "true"
    assert (await count(app, Entity), await count(app, KeptAnswer)) == (1, 1)


async def test_answer_that_names_no_thing_names_none_again(
    app: Quart, api: Api, admin: User
) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/check/run"
    first = await api("POST", path, headers=KEY)
    assert await api("POST", path, headers=KEY) == first
    assert (first[0], api.answered[REPLAYED]) == (202, "true")
    assert [name for name in KEPT if name in api.answered] == ["Content-Type"]


async def test_without_a_key_nothing_is_kept(app: Quart, api: Api) -> None:
    assert (await api("POST", "/entities", json=SITE))[0] == 201
    assert (await api("POST", "/entities", json=SITE))[0] == 409
    assert await count(app, KeptAnswer) == 0


async def test_key_in_quotes_is_the_same_key(api: Api) -> None:
    first = await api("POST", "/entities", json=SITE, headers={"Idempotency-Key": "one"})
    again = await api("POST", "/entities", json=SITE, headers={"Idempotency-Key": '"one"'})
    assert first == again


async def test_keys_that_differ_in_case_differ(app: Quart, api: Api, admin: User) -> None:
    site = await add_site(app, admin)
    for key in ("one", "ONE"):
        path = f"/entities/{site.id}/comments"
        await api("POST", path, json={"body": "Hi."}, headers={"Idempotency-Key": key})
    assert await count(app, Comment) == 2


async def test_key_with_another_body_or_address_is_refused(app: Quart, api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE, headers=KEY)
    body = SITE | {"name": "Other"}
    status, problem = await api("POST", "/entities", json=body, headers=KEY)
    assert (status, problem["detail"]) == (
        422,
        "This Idempotency-Key came with another request before.",
    )
    path = f"/entities/{made['id']}/comments"
    assert (await api("POST", path, json=SITE, headers=KEY))[0] == 422
    assert await count(app, Entity) == 1


async def test_of_many_at_once_one_does_the_work(app: Quart, api: Api, admin: User) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/comments"
    call = {"json": {"body": "Once."}, "headers": KEY}
    answers = await asyncio.gather(*(Api(app, api.headers)("POST", path, **call) for _ in "12345"))
    assert answers == [(201, answers[0][1])] * 5
    assert await count(app, Comment) == 1


@pytest.mark.parametrize("settings", [{"DATABASE_TIMEOUT": 3}])  # in which a lock is waited for
async def test_key_whose_request_is_at_work_is_a_conflict(
    app: Quart, api: Api, admin: User, database_kind: str
) -> None:
    # SQLite has one writer, so that nobody knows what it is that works.
    expected = {"sqlite": 503}.get(database_kind, 409)
    async with app.app_context(), db.begin() as session:
        await claim_key(session, admin, "at-work", "0" * 64, now=utcnow())
        headers = {"Idempotency-Key": "at-work"}
        assert (await api("POST", "/entities", json=SITE, headers=headers))[0] == expected


async def test_work_that_was_undone_leaves_no_key(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        await claim_key(session, admin, "gone", "0" * 64, now=utcnow())
        await session.rollback()
    assert await count(app, KeptAnswer) == 0


async def test_what_failed_may_be_tried_again(app: Quart, api: Api, admin: User) -> None:
    site = await add_site(app, admin)
    assert (await api("POST", "/entities", json=SITE, headers=KEY))[0] == 409
    assert (await api("DELETE", f"/entities/{site.id}"))[0] == 204
    assert (await api("POST", "/entities", json=SITE, headers=KEY))[0] == 201
    assert (await api("POST", "/entities", json={}, headers={"Idempotency-Key": "a"}))[0] == 422
    assert await count(app, KeptAnswer) == 1


async def test_another_person_has_keys_of_their_own(app: Quart, api: Api) -> None:
    other = await call_as(app, "bob")
    _, mine = await api("POST", "/entities", json=SITE, headers=KEY)
    _, theirs = await other("POST", "/entities", json=SITE | {"name": "Bob's"}, headers=KEY)
    assert (mine["name"], theirs["name"]) == ("My site", "Bob's")


async def test_key_is_new_after_a_day(app: Quart, api: Api, admin: User) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}/comments"
    for at in (utcnow() - KEPT_FOR / 2, utcnow() - KEPT_FOR):
        await api("POST", path, json={"body": "Hi."}, headers=KEY)
        await age(app, created_at=at)
    assert await count(app, Comment) == 1
    await api("POST", path, json={"body": "Anew."}, headers=KEY)
    assert (await count(app, Comment), await count(app, KeptAnswer)) == (2, 1)


@pytest.mark.parametrize("key", ["", " ", "a b", '"', '"a', "a" * 256, "ä", 'a"b', "a\\b"])
async def test_malformed_key_is_a_bad_request(app: Quart, api: Api, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    status, body = await api("POST", "/entities", json=SITE, headers=headers)
    assert (status, body["detail"]) == (
        400,
        "An Idempotency-Key has 1 to 255 printable ASCII characters.",
    )
    assert await count(app, Entity) == 0


async def test_two_keys_are_a_bad_request(app: Quart, api: Api) -> None:
    headers = Headers([*api.headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    answer = await api.client.post("/api/v1/entities", json=SITE, headers=headers)
    assert (answer.status_code, await count(app, Entity)) == (400, 0)


async def test_what_is_no_post_needs_no_key_and_heeds_none(
    app: Quart, api: Api, admin: User
) -> None:
    path = f"/entities/{(await add_site(app, admin)).id}"
    calls = [("PUT", SITE, 200), ("PATCH", {"name": "New"}, 200), ("GET", None, 200)]
    for method, body, expected in [*calls, ("DELETE", None, 204)]:
        status, _ = await api(method, path, json=body, headers=KEY)
        assert (method, status, REPLAYED in api.answered) == (method, expected, False)
    assert await count(app, KeptAnswer) == 0


async def test_longest_key_is_kept_whole(app: Quart, api: Api) -> None:
    headers = {"Idempotency-Key": f'"{"k" * 255}"'}
    assert (await api("POST", "/entities", json=SITE, headers=headers))[0] == 201
    async with app.app_context(), db.read() as session:
        assert await session.scalar(select(KeptAnswer.key)) == "k" * 255


async def test_many_sites_are_added_once(app: Quart, api: Api) -> None:
    items = [SITE | {"name": f"Site {number}", "content": "é" * 9_000} for number in range(20)]
    first = await api("POST", "/entities/bulk", json={"items": items}, headers=KEY)
    assert await api("POST", "/entities/bulk", json={"items": items}, headers=KEY) == first
    assert (first[0], await count(app, Entity)) == (201, 20)


@pytest.mark.parametrize("path", ["/tokens", "/setup", "/channels", "/invitations"])
async def test_where_the_answer_is_a_secret_a_key_is_refused(
    app: Quart, api: Api, path: str
) -> None:
    status, body = await api("POST", path, json={}, headers=KEY)
    detail = "This takes no Idempotency-Key: its answer is never kept."
    assert (status, body["detail"]) == (400, detail)


async def test_key_is_of_no_use_to_a_stranger(stranger: Api) -> None:
    assert (await stranger("POST", "/entities", json=SITE, headers=KEY))[0] == 401


def test_what_is_done_once_leaves_the_commit_to_the_key(fresh_app: QuartApp) -> None:
    views = [v for v in fresh_app.view_functions.values() if getattr(v, "idempotent", False)]
    assert len(views) == 13
    assert [view for view in views if "commit()" in getsource(unwrap(view))] == []


async def test_document_tells_of_the_key(api: Api) -> None:
    _, document = await api("GET", "/openapi.json")
    taking = {
        path.removeprefix("/api/v1"): sorted(operation["responses"])
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "Idempotency-Key" in [given["name"] for given in operation["parameters"]]
    }
    assert len(taking) == 13
    assert not {"/tokens", "/setup", "/channels", "/channels/{channel_id}/secret"} & {*taking}
    assert [path for path, statuses in taking.items() if not {"409", "422"} <= {*statuses}] == []
