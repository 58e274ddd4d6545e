from quart import Quart
from sqlalchemy import delete

from quartapp.extensions import db
from quartapp.models import Action, AuditEvent, Scope, User
from quartapp.services.audit import record_event, select_events
from quartapp.services.entity import add_entity, remove_entity
from quartapp.services.paging import paginate
from quartapp.services.session import close_session, end_sessions, find_session, open_session
from quartapp.services.token import add_token, remove_token
from quartapp.services.user import add_setup_token, edit_password, set_up
from tests.helpers import add_person
from tests.services.events import Event, list_events, to_event

NEW = "a better horse battery"


async def find_events(action: Action | None = None, person: str = "") -> list[Event]:
    async with db.read() as session:
        page = await paginate(session, select_events(action, person))
    return [to_event(row) for row in page.items]


async def test_event_is_readable_when_both_are_gone(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            await record_event(
                session, Action.ROLE_CHANGED, by=admin, on=ann, detail="x" * 300, address="1" * 50
            )
        async with db.begin() as session:
            await session.execute(delete(User))
        async with db.read() as session:
            (row,) = await session.scalars(select_events(Action.ROLE_CHANGED))
        assert to_event(row) == Event("admin", "role-changed", "ann", "x" * 200, "1" * 45)
        assert (row.by_id, row.subject_kind, row.subject_id) == (None, "user", ann.id)


async def test_event_is_undone_with_what_it_tells(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await open_session(session, admin)
            await session.rollback()
        assert await list_events() == []


async def test_events_are_found_by_action_and_person(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(delete(AuditEvent))
            ann = await add_person(session, "ann_")
            site = await add_entity(session, name="joanna", url="http://a.test/", owner=ann)
            await record_event(session, Action.LOGIN, by=ann, on=ann)
            await record_event(session, Action.LOGOUT, by=admin, on=admin)
            await record_event(session, Action.ENTITY_REMOVED, by=admin, on=site)
        created, login = Event("", "user-created", "ann_", "editor"), Event("ann_", "login", "ann_")
        logout = Event("admin", "logout", "admin")
        removed = Event("admin", "entity-removed", "joanna")

        assert await find_events() == [removed, logout, login, created]
        assert await find_events(Action.LOGIN) == [login]
        assert await find_events(person="ANN") == [login, created]
        assert await find_events(person="_") == [login, created]
        assert await find_events(Action.LOGOUT, "ann") == []


async def test_what_services_do_is_recorded(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_setup_token(session)
            root = await set_up(session, token, name="root", password_hash="x")
            ann = await add_person(session, "ann")
            opened = await open_session(session, ann, address="192.0.2.7")
            browser = await find_session(session, opened.token)
            assert browser
            for _ in range(2):
                await close_session(session, browser)
            await end_sessions(session, ann, root)
            await edit_password(session, ann, "x")
            _, row = await add_token(session, ann, "laptop", scope=Scope.READ, by=ann)
            await remove_token(session, row.id, None)
            site = await add_entity(session, name="site", url="http://a.test/", owner=ann)
            await remove_entity(session, site, ann)

        assert await list_events() == [
            Event("root", "set-up", "root"),
            Event("ann", "login", "ann", "", "192.0.2.7"),
            Event("ann", "logout", "ann"),
            Event("root", "sessions-ended", "ann"),
            Event("ann", "password-changed", "ann"),
            Event("ann", "token-made", "ann", "laptop (read)"),
            Event("", "token-revoked", "ann", "laptop"),
            Event("ann", "entity-removed", "site"),
        ]
