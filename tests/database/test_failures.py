"""What an error of the database means: the same on all of them, each provoked for real."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import Executable, delete, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from quartapp.database.failures import Failure, classify, find_failure, is_retriable
from quartapp.errors import AppError
from tests.database.tables import newer_owner, owner, pet, run, toy, try_to_run

AWAY, FILE, BEHIND, FULL, RACE, CONFLICT, INVALID = Failure
ANN = insert(owner).values(id=1, name="Ann")

STATEMENTS: dict[str, tuple[list[Executable], Failure | str]] = {
    "the same id": ([ANN, insert(owner).values(id=1, name="Bob")], CONFLICT),
    "the same name": ([ANN, insert(owner).values(id=2, name="Ann")], CONFLICT),
    "a name in other letters": ([ANN, insert(owner).values(id=2, name="ANN")], "kept"),
    "an unknown owner": ([insert(pet).values(owner_id=7)], CONFLICT),
    "an owner who is needed": ([ANN, insert(pet).values(owner_id=1), delete(owner)], CONFLICT),
    "no name": ([insert(owner).values(id=1, name=None)], INVALID),
    "a name left out": ([insert(owner).values(id=1)], INVALID),
    "a number against the rule": ([insert(owner).values(name="Ann", small=13)], INVALID),
    "a name too long": ([insert(owner).values(name="A" * 21)], INVALID),
    "a number over 32 bits": ([insert(owner).values(name="Ann", small=2**31)], INVALID),
    "a number over 64 bits": ([insert(owner).values(name="Ann", big=2**63)], INVALID),
    "a NUL": ([insert(owner).values(name="A\0nn")], INVALID),
    "half a pair": ([insert(owner).values(name="Ann\ud800")], INVALID),
    "half a pair asked for": ([select(owner).where(owner.c.name == "\udfff")], INVALID),
    "a missing table": ([select(toy)], BEHIND),
    "a missing column": ([select(newer_owner)], BEHIND),
    "a missing column written": ([insert(newer_owner).values(name="Ann", age=3)], BEHIND),
    "no SQL": ([text("SELEKT 1")], "a mistake"),
}
# What the models and schemas of the app must bound, as the database does not.
KEPT = {
    "sqlite": {"a name too long", "a number over 32 bits", "a NUL"},
    "postgres": set(),
    "mariadb": {"a NUL"},
}


async def test_all_databases_answer_alike(kind: str, engine: AsyncEngine) -> None:
    found = {}
    for name, (statements, _) in STATEMENTS.items():
        found[name] = await try_to_run(engine, statements)
        await run(engine, [delete(pet), delete(owner)])

    assert found == {
        name: "kept" if name in KEPT[kind] else expected
        for name, (_, expected) in STATEMENTS.items()
    }


async def test_a_failure_leaves_the_pool_as_it_was(engine: AsyncEngine) -> None:
    for statements, _ in STATEMENTS.values():
        await try_to_run(engine, statements)

    pool: Any = engine.pool
    assert (pool.checkedout(), pool.checkedin()) == (0, 1)


def test_each_failure_has_its_answer() -> None:
    found = {}
    for failure in Failure:
        error = find_answer(failure)
        found[failure] = (error.status, error.retry_after, str(error) == failure.value)

    assert found == {
        AWAY: (503, 2, True),
        FILE: (503, 2, True),
        BEHIND: (503, 2, True),
        FULL: (507, None, True),
        RACE: (503, 2, True),
        CONFLICT: (409, None, True),
        INVALID: (422, None, True),
    }


def find_answer(failure: Failure) -> AppError:
    """Return the answer to an error as PostgreSQL reports it, or SQLite, which has a file."""
    states = {AWAY: "57P01", BEHIND: "42P01", FULL: "53100", RACE: "40001"}
    states |= {CONFLICT: "23505", INVALID: "22001"}
    orig: Any = Exception("hidden")
    if failure is FILE:
        orig.sqlite_errorname = "SQLITE_READONLY"
    else:
        orig.sqlstate = states[failure]
    answer = classify(IntegrityError("INSERT", None, orig))
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("states", "expected"),
    [(["40001", "40P01", "23505", "23503"], True), (["57014", "55P03", "22001", "42P01"], False)],
)
def test_what_lost_a_race_is_worth_a_second_try(states: list[str], expected: bool) -> None:
    for state in states:
        orig = Exception("hidden")
        orig.sqlstate = state  # type: ignore[attr-defined]

        assert is_retriable(IntegrityError("INSERT", None, orig)) is expected


@pytest.mark.parametrize(
    "error", [KeyError("x"), OverflowError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "")]
)
def test_a_mistake_of_ours_is_no_failure_of_the_database(error: Exception) -> None:
    assert (find_failure(error), classify(error), is_retriable(error)) == (None, None, False)


async def test_no_error_repeats_the_parameters(engine: AsyncEngine) -> None:
    hunter = insert(owner).values(id=1, name="hunter2")

    with pytest.raises(IntegrityError) as caught:
        await run(engine, [hunter, hunter])

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", ["postgres"])
async def test_a_table_that_a_migration_changed_is_read_again(engine: AsyncEngine) -> None:
    """What was prepared before the change is refused once, then prepared anew."""
    async with engine.connect() as connection:
        await connection.execute(select(owner))
        await connection.rollback()
        await run_elsewhere(engine, "ALTER TABLE owner ALTER COLUMN small TYPE bigint")

        with pytest.raises(Exception, match="cached statement plan is invalid") as caught:
            await connection.execute(select(owner))
        await connection.rollback()
        await connection.execute(select(owner))

    assert (find_failure(caught.value), is_retriable(caught.value)) == (RACE, True)


async def run_elsewhere(engine: AsyncEngine, statement: str) -> None:
    """Run *statement* as another program does: nobody tells the engine."""
    connection = await asyncpg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute(statement)
    await connection.close()
