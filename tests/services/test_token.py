from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quartapp.errors import ForbiddenError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Action, ApiToken, AuditEvent, Scope, User, utcnow
from quartapp.security import make_api_token
from quartapp.services import token as tokens
from quartapp.services.paging import paginate
from quartapp.services.token import (
    add_token,
    find_ended_tokens,
    find_token,
    get_token,
    record_use,
    remove_token,
    remove_tokens,
    select_all_tokens,
    select_tokens,
)
from tests.helpers import add_person
from tests.services.guessing import guess_beside

MOMENT = timedelta(microseconds=1)
PAST = {"expires_at": utcnow() - timedelta(seconds=1)}


async def test_token_stands_for_its_user_until_it_expires(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, row = await add_token(session, admin, "laptop")
            assert (row.name, row.scope, row.hint) == ("laptop", Scope.WRITE, secret[:8])
            assert secret not in row.token_hash
            assert abs(row.expires_at - utcnow() - timedelta(days=90)) < timedelta(hours=1)
        async with db.begin() as session:
            found = await find_token(session, secret)
            assert found is not None
            assert found.user.id == admin.id
            assert await find_token(session, secret[:-1]) is None
            assert await find_ended_tokens(session, [row.token_hash]) == set()
            await session.execute(update(ApiToken).values(**PAST))
        async with db.begin() as session:
            assert await find_token(session, secret) is None
            assert await find_ended_tokens(session, [row.token_hash]) == {row.token_hash}


async def test_token_of_who_is_disabled_is_void(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, _ = await add_token(session, admin, "laptop")
            await session.execute(update(User).values(disabled_at=utcnow()))
        async with db.begin() as session:
            assert await find_token(session, secret) is None


async def test_scope_admin_is_for_administrators(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        with pytest.raises(ForbiddenError):
            await add_token(session, ann, "mine", scope=Scope.ADMIN)
        _, row = await add_token(session, admin, "mine", scope=Scope.ADMIN)
        assert [row.has_scope(scope) for scope in Scope] == [True, True, True]


async def test_use_is_written_down_once_a_minute(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            secret, row = await add_token(session, admin, "laptop")
            assert (row.used_at, row.is_unnoted(utcnow())) == (None, True)
            await record_use(session, row)
        async with db.begin() as session:
            found = await find_token(session, secret)
            assert found is not None
            assert not found.is_unnoted(utcnow())
            assert found.is_unnoted(utcnow() + timedelta(minutes=1))


async def test_token_of_another_does_not_exist(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann, bob = await add_person(session, "ann"), await add_person(session, "bob")
        _, row = await add_token(session, ann, "hers")
        for attempt in (
            get_token(session, row.id, seen_by=bob),
            remove_token(session, row.id, bob),
            get_token(session, row.id, seen_by=admin),
            remove_token(session, row.id, admin),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        assert (await paginate(session, select_tokens(bob), 1, 20)).items == []
        assert (await paginate(session, select_tokens(ann), 1, 20)).items == [row]
        assert await get_token(session, row.id, seen_by=admin, as_admin=True) is row
        await remove_token(session, row.id, admin, as_admin=True)
        assert (await paginate(session, select_tokens(ann), 1, 20)).items == []


async def add_tokens(people: list[User]) -> list[tuple[str, ApiToken]]:
    async with db.begin() as session:
        return [await add_token(session, user, f"{user}'s") for user in people]


async def test_token_stands_for_its_own_person_alone(app: Quart, people: list[User]) -> None:
    async with app.app_context():
        made = await add_tokens(people)
        secrets = [secret for secret, _ in made]
        async with db.begin() as session:
            found = [await find_token(session, secret) for secret in secrets]
            assert [token and token.user_id for token in found] == [user.id for user in people]
            for guess in guess_beside(secrets, make_api_token):
                assert await find_token(session, guess) is None


async def test_only_what_is_meant_is_seen_noted_and_revoked(
    app: Quart, admin: User, people: list[User]
) -> None:
    async with app.app_context():
        rows = [row for _, row in await add_tokens(people)]
        ids, hashes = [row.id for row in rows], [row.token_hash for row in rows]
        async with db.begin() as session:
            bobs = await get_token(session, ids[1], seen_by=people[1])
            await record_use(session, bobs)
            used = await session.scalars(select(ApiToken.id).where(ApiToken.used_at.is_not(None)))
            assert ([*used], bobs.name) == ([ids[1]], "bob's")
            own = await session.scalars(select_tokens(people[1]))
            assert [row.id for row in own] == [ids[1]]
            await remove_token(session, ids[1], None)
            assert await find_ended_tokens(session, hashes) == {hashes[1]}
            with pytest.raises(NotFoundError):
                await get_token(session, ids[1], seen_by=admin, as_admin=True)
            with pytest.raises(NotFoundError):
                await remove_token(session, ids[1], None)


async def test_all_tokens_of_one_person_are_revoked_at_once(app: Quart, people: list[User]) -> None:
    ann, bob = people[:2]
    async with app.app_context():
        made = await add_tokens([ann, ann, bob])
        async with db.begin() as session:
            counts = [await remove_tokens(session, ann, ann) for _ in range(2)]
            events = await session.scalars(
                select(AuditEvent.detail).where(AuditEvent.action == Action.TOKEN_REVOKED)
            )
            held = [await find_token(session, secret) is not None for secret, _ in made]

            assert (counts, held) == ([2, 0], [False, False, True])
            assert [*events] == [f"{made[0][1].name}, {made[1][1].name}"]


async def test_tokens_are_listed_by_a_part_of_a_name(app: Quart, people: list[User]) -> None:
    async with app.app_context():
        await add_tokens(people)
        async with db.read() as session:
            found = {
                part: [row.name for row in await session.scalars(select_all_tokens(part))]
                for part in ("", "e", "zoe")
            }

    assert found == {"": ["eve's", "bob's", "ann's"], "e": ["eve's"], "zoe": []}


async def test_token_is_void_from_its_last_moment_on(
    app: Quart, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context(), db.begin() as session:
        secret, row = await add_token(session, admin, "laptop")
        for later, holds in ((-MOMENT, True), (0 * MOMENT, False), (MOMENT, False)):
            at = row.expires_at + later
            monkeypatch.setattr(tokens, "utcnow", lambda at=at: at)
            assert (await find_token(session, secret) is row) == holds
