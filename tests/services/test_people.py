import asyncio
from collections.abc import Awaitable, Callable

import pytest
from quart import Quart
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError, ForbiddenError, NotFoundError
from quartapp.extensions import db
from quartapp.models import (
    Link,
    Passkey,
    Purpose,
    RecoveryCode,
    Role,
    SecondFactor,
    User,
    UserSession,
    utcnow,
)
from quartapp.security import check_password, make_box
from quartapp.services.account import reset_password
from quartapp.services.link import add_link, use_link
from quartapp.services.paging import paginate
from quartapp.services.people import (
    add_reset_link,
    disable_user,
    edit_role,
    edit_user,
    enable_user,
    forget_factors,
    get_user_by_id,
    get_user_by_name,
    select_users,
)
from quartapp.services.session import open_session
from quartapp.services.token import add_token, find_token
from tests.helpers import PASSWORD, add_factor, add_person
from tests.services.events import Event, list_events

LAST = "This is the last administrator; make somebody else one first."
Work = Callable[[AsyncSession, User, User], Awaitable[None]]


async def demote(session: AsyncSession, user: User, by: User) -> None:
    await edit_role(session, user, Role.VIEWER, by)


WORKS = pytest.mark.parametrize("work", [demote, disable_user])


async def count(kind: type[Link | Passkey | RecoveryCode | SecondFactor | UserSession]) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count(kind.id))) or 0


def make_passkey(user: User, name: str) -> Passkey:
    return Passkey(
        user_id=user.id,
        name=name,
        credential_id=name,
        public_key=b"x",
        sign_count=0,
        transports="",
    )


async def find_admins() -> list[str]:
    async with db.read() as session:
        active = User.role == Role.ADMIN, User.disabled_at.is_(None)
        return sorted(await session.scalars(select(User.name).where(*active)))


@pytest.mark.parametrize(
    ("search", "names"),
    [("", ["admin", "ann_", "bob"]), ("_", ["ann_"]), ("EXAMPLE", ["bob"]), ("x", ["bob"])],
)
async def test_people_are_found_by_name_and_address(
    app: Quart, admin: User, search: str, names: list[str]
) -> None:
    async with app.app_context(), db.begin() as session:
        bob, _ = await add_person(session, "bob"), await add_person(session, "ann_")
        bob.email = "b@example.org"
        await session.flush()
        page = await paginate(session, select_users(search))
    assert [user.name for user in page.items] == names


async def test_only_administrators_see_others(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        assert await get_user_by_id(session, ann.id, seen_by=admin) is ann
        assert await get_user_by_id(session, ann.id, seen_by=ann) is ann
        assert await get_user_by_name(session, "ann") is ann
        for attempt in (
            get_user_by_id(session, admin.id, seen_by=ann),
            get_user_by_id(session, ann.id + 99, seen_by=admin),
            get_user_by_name(session, "ANN"),
        ):
            with pytest.raises(NotFoundError):
                await attempt


async def test_new_role_ends_every_session(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            await open_session(session, ann)
            await edit_role(session, ann, Role.EDITOR, admin)  # which she is
        assert await count(UserSession) == 1
        async with db.begin() as session:
            ann = await get_user_by_name(session, "ann")
            await edit_role(session, ann, Role.ADMIN, admin)
        assert await count(UserSession) == 0
        assert await find_admins() == ["admin", "ann"]
        assert (await list_events())[1:] == [
            Event("admin", "role-changed", "ann", "editor to admin")
        ]


async def test_who_is_disabled_is_out_until_enabled(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            await open_session(session, ann)
            await add_link(session, Purpose.RESET, user=ann)
            secret, _ = await add_token(session, ann, "laptop", by=ann)
            for _ in range(2):
                await disable_user(session, ann, admin)
            assert await find_token(session, secret) is None
            with pytest.raises(ConflictError, match="ann is disabled"):
                await add_reset_link(session, ann, admin)
        assert [await count(UserSession), await count(Link)] == [0, 0]
        async with db.begin() as session:
            ann = await get_user_by_name(session, "ann")
            for _ in range(2):
                await enable_user(session, ann, None)
            assert await find_token(session, secret) is not None
        assert (await list_events())[2:] == [
            Event("admin", "user-disabled", "ann"),
            Event("", "user-enabled", "ann"),
        ]


async def test_who_is_no_administrator_changes_nobody(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        for attempt in (
            edit_role(session, ann, Role.ADMIN, ann),
            disable_user(session, admin, ann),
            enable_user(session, ann, ann),
            add_reset_link(session, admin, ann),
        ):
            with pytest.raises(ForbiddenError):
                await attempt


@WORKS
async def test_last_administrator_stays(app: Quart, admin: User, work: Work) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann", role=Role.ADMIN)
            await disable_user(session, ann, admin)
            admin = await get_user_by_name(session, "admin")
            with pytest.raises(ConflictError, match=LAST):
                await work(session, admin, admin)
            await edit_role(session, ann, Role.VIEWER, admin)  # she was out already
        assert await find_admins() == ["admin"]


@WORKS
async def test_of_two_who_remove_each_other_one_stays(app: Quart, admin: User, work: Work) -> None:
    """Both have looked at the people before either writes."""
    async with app.app_context():
        async with db.begin() as session:
            await add_person(session, "ann", role=Role.ADMIN)
        met = asyncio.Barrier(1 if db.engine.dialect.name == "sqlite" else 2)

        async def remove(name: str, by: str) -> str:
            try:
                async with db.begin() as session:
                    user = await get_user_by_name(session, name)
                    other = await get_user_by_name(session, by)
                    await met.wait()
                    await work(session, user, other)
            except (ConflictError, ForbiddenError) as error:
                return str(error)
            return "done"

        found = await asyncio.gather(remove("ann", "admin"), remove("admin", "ann"))
        (refused,) = set(found) - {"done"}
        assert found.count("done") == 1
        assert refused in (LAST, "Only administrators may do this.")
        assert len(await find_admins()) == 1


async def test_who_lost_the_right_meanwhile_uses_it_no_more(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_person(session, "ann", role=Role.ADMIN)
            await add_person(session, "bob", role=Role.ADMIN)
        async with db.begin() as session:
            ann, bob = [await get_user_by_name(session, name) for name in ("ann", "bob")]
            kept = update(User).where(User.name == "bob").values(disabled_at=utcnow())
            await session.execute(kept.execution_options(synchronize_session=False))
            with pytest.raises(ForbiddenError):
                await edit_role(session, ann, Role.VIEWER, bob)


async def test_name_is_changed_to_a_free_one(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            for name in ("Ann", "Ann", "Anna"):
                await edit_user(session, ann, ann, name=name)
            with pytest.raises(ConflictError, match="'ADMIN' is taken"):
                await edit_user(session, ann, ann, name="ADMIN")
        assert await list_events() == [
            Event("Ann", "user-renamed", "Ann", "ann to Ann"),
            Event("Anna", "user-renamed", "Anna", "Ann to Anna"),
        ]


async def test_reset_link_stands_for_its_person(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_reset_link(session, admin, None)
            assert (await use_link(session, token, Purpose.RESET)).user_id == admin.id
        assert await list_events() == [Event("", "reset-link-made", "admin")]


async def test_lost_passkey_is_forgotten_where_it_was_the_only_factor(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            session.add(make_passkey(ann, "blue"))
        async with db.begin() as session:
            await forget_factors(session, await session.get_one(User, ann.id), None)
        assert await count(Passkey) == 0
        assert (await list_events())[-2:] == [
            Event("", "passkey-removed", "ann", "blue"),
            Event("", "reset-link-made", "ann"),
        ]


async def test_lost_second_factor_is_forgotten_by_administrators(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            await add_factor(session, ann, make_box(["a key"]))
            await open_session(session, ann)
            with pytest.raises(ForbiddenError):
                await forget_factors(session, ann, ann)
        async with db.begin() as session:
            session.add_all([make_passkey(ann, "blue"), make_passkey(ann, "red")])
            token = await forget_factors(session, await session.get_one(User, ann.id), admin)
        kinds = (SecondFactor, RecoveryCode, Passkey, UserSession)
        assert [await count(kind) for kind in kinds] == [0] * 4
        async with db.begin() as session:
            with pytest.raises(NotFoundError, match=r"ann has no second factor\."):
                await forget_factors(session, ann, None)
        assert (await list_events())[-3:] == [
            Event("admin", "second-factor-off", "ann"),
            Event("admin", "passkey-removed", "ann", "red, blue"),
            Event("admin", "reset-link-made", "ann"),
        ]
        async with db.begin() as session:
            found = await session.get_one(User, ann.id)
            assert not await check_password(PASSWORD, found.password_hash)
            assert not await check_password("", found.password_hash)
            await reset_password(session, token, "a hash")
        async with db.read() as session:
            assert (await session.get_one(User, ann.id)).password_hash == "a hash"
