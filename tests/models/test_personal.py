"""That nothing which names a person is forgotten, when tables and columns come."""

from collections import defaultdict

from sqlalchemy import Table

from quartapp.models import Base
from quartapp.models.personal import LEFT_OUT, SECTIONS

TABLES = Base.metadata.tables
# Where rows go with the person, but refer to them by another table.
THROUGH = {"delivery": "channel_id"}


def find_references() -> set[tuple[str, str]]:
    """Return the columns that say whose a row is, or who did what it tells."""
    return {
        (table.name, key.parent.name)
        for table in TABLES.values()
        for key in table.foreign_keys
        if key.column.table.name == "user"
    }


def find_own_tables() -> set[str]:
    """Return the tables whose rows go when a person does, however long the way is."""
    own = {"user"}
    while found := {table.name for table in TABLES.values() if goes_with(table, own)} - own:
        own |= found
    return own


def goes_with(table: Table, own: set[str]) -> bool:
    return any(
        key.ondelete == "CASCADE" and key.column.table.name in own for key in table.foreign_keys
    )


def test_each_reference_to_a_person_is_exported() -> None:
    exported = {(section.source, section.by) for section in SECTIONS}
    assert find_references() - exported == set()
    assert find_own_tables() - {section.source for section in SECTIONS} == set()


def test_each_column_is_exported_or_named_as_left_out() -> None:
    given = defaultdict(set)
    for section in SECTIONS:
        given[section.source] |= {*section.columns, section.by}
    found = {name: columns | set(LEFT_OUT.get(name, {})) for name, columns in given.items()}

    assert found == {name: set(TABLES[name].c.keys()) for name in given}
    assert LEFT_OUT.keys() <= given.keys()
    both = {name: columns & LEFT_OUT.get(name, {}).keys() for name, columns in given.items()}
    assert {name: columns for name, columns in both.items() if columns} == {}


def test_no_secret_is_exported() -> None:
    suspicious = ("hash", "secret", "sealed", "token", "public_key", "credential", "code", "text")
    found = {
        column
        for section in SECTIONS
        for column in section.columns
        if any(word in column for word in suspicious)
    }
    assert found == set()


def test_sections_have_names_of_their_own() -> None:
    names = [section.name for section in SECTIONS]
    assert len(names) == len({*names, "format", "made_at"}) - 2
