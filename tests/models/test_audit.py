import pytest

from quartapp.models import Entity, Link, Purpose, User
from quartapp.models.audit import ACTION_LENGTH, WORDS, Action, AuditEvent, name_subject


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (User(name="ann"), "ann"),
        (Entity(name="My site"), "My site"),
        (Link(purpose=Purpose.INVITE, email="a@example.org"), "a@example.org"),
        (Link(purpose=Purpose.SETUP), ""),
    ],
)
def test_subject_is_named_as_people_call_it(subject: User | Entity | Link, name: str) -> None:
    assert name_subject(subject) == name


@pytest.mark.parametrize(
    ("name", "address", "actor"),
    [("ann", "", "ann"), ("", "192.0.2.1", "somebody"), ("", "", "a command")],
)
def test_who_has_no_name_is_told_by_the_address(name: str, address: str, actor: str) -> None:
    assert AuditEvent(by_name=name, address=address).actor == actor


def test_every_action_fits_its_column() -> None:
    assert [action for action in Action if len(action) > ACTION_LENGTH] == []


def test_every_action_has_its_words() -> None:
    assert list(WORDS) == list(Action)
