from datetime import timedelta

import pytest

from quartapp.models import ApiToken, Comment, Entity, Role, Scope, User, UserSession, utcnow
from quartapp.models.rights import (
    may_act_as_admin,
    may_add_entity,
    may_administer,
    may_comment,
    may_edit_comment,
    may_edit_entity,
    may_edit_groups,
    may_handle_bugs,
    may_have_webhook,
    may_see_entity,
    may_see_user,
    may_see_what_is_of,
    may_settle_tampers,
    may_write_incidents,
    must_have_second_factor,
)
from quartapp.models.session import FRESH

# Ids beyond those of which Python has one object each: what is equal need not be the same.
PEOPLE = {
    "viewer": User(id=1001, role=Role.VIEWER),
    "editor": User(id=1002, role=Role.EDITOR),
    "admin": User(id=1003, role=Role.ADMIN),
}
OTHERS = [1, 9999]


def own_id(user: User) -> int:
    return int(str(user.id))


@pytest.mark.parametrize(
    ("person", "adds", "comments", "administers"),
    [("viewer", False, False, False), ("editor", True, True, False), ("admin", True, True, True)],
)
def test_role_says_what_a_person_is_here_for(
    person: str, adds: bool, comments: bool, administers: bool
) -> None:
    user = PEOPLE[person]
    found = may_add_entity(user), may_comment(user), may_administer(user)
    assert found == (adds, comments, administers)
    works = may_handle_bugs, may_settle_tampers, may_write_incidents, may_have_webhook
    assert [may(user) for may in works] == [adds] * 4
    assert may_edit_groups(user) is administers


@pytest.mark.parametrize(
    ("person", "own", "foreign"),
    [("viewer", False, False), ("editor", True, False), ("admin", True, True)],
)
def test_editors_change_what_is_theirs_and_administrators_everything(
    person: str, own: bool, foreign: bool
) -> None:
    user = PEOPLE[person]
    entities = [Entity(owner_id=one) for one in (own_id(user), *OTHERS, None)]
    comments = [Comment(author_id=one) for one in (own_id(user), *OTHERS, None)]
    expected = [own, foreign, foreign, foreign]
    assert [may_edit_entity(user, entity) for entity in entities] == expected
    assert [may_edit_comment(user, comment) for comment in comments] == expected


@pytest.mark.parametrize("is_public", [True, False])
def test_strangers_see_what_is_public_and_people_everything(is_public: bool) -> None:
    entity = Entity(is_public=is_public)
    assert may_see_entity(None, entity) is is_public
    assert all(may_see_entity(user, entity) for user in PEOPLE.values())


@pytest.mark.parametrize(
    ("person", "foreign"), [("viewer", False), ("editor", False), ("admin", True)]
)
def test_credentials_are_for_their_owner_and_who_acts_as_administrator(
    person: str, foreign: bool
) -> None:
    user = PEOPLE[person]
    for as_admin in (True, False):
        assert may_see_what_is_of(user, own_id(user), as_admin=as_admin) is True
    for other in OTHERS:
        assert may_see_what_is_of(user, other, as_admin=True) is foreign
        assert may_see_what_is_of(user, other, as_admin=False) is False


@pytest.mark.parametrize(
    ("person", "foreign"), [("viewer", False), ("editor", False), ("admin", True)]
)
def test_accounts_are_for_their_owner_and_administrators(person: str, foreign: bool) -> None:
    user = PEOPLE[person]
    seen = [may_see_user(user, User(id=one)) for one in (own_id(user), *OTHERS)]
    assert seen == [True, foreign, foreign]


@pytest.mark.parametrize("person", PEOPLE)
def test_program_acts_as_administrator_with_the_scope_of_one(person: str) -> None:
    tokens = [ApiToken(user=PEOPLE[person], scope=scope) for scope in Scope]
    found = [may_act_as_admin(token, changes=True, now=utcnow()) for token in tokens]
    assert found == [False, False, person == "admin"]


@pytest.mark.parametrize("person", PEOPLE)
def test_browser_acts_as_administrator_and_changes_things_while_the_login_is_fresh(
    person: str,
) -> None:
    now = utcnow()
    fresh, stale = (
        UserSession(user=PEOPLE[person], confirmed_at=now - ago) for ago in (timedelta(0), FRESH)
    )
    found = [
        may_act_as_admin(row, changes=changes, now=now)
        for row in (fresh, stale)
        for changes in (False, True)
    ]
    assert found == ([True, True, True, False] if person == "admin" else [False] * 4)


@pytest.mark.parametrize(
    ("asked_of", "people"),
    [("optional", set()), ("admins", {"admin"}), ("everyone", {"viewer", "editor", "admin"})],
)
def test_setting_says_who_must_have_a_second_factor(asked_of: str, people: set[str]) -> None:
    found = {name for name, user in PEOPLE.items() if must_have_second_factor(user, asked_of)}
    assert found == people
