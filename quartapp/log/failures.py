"""Failures of the database are told by their codes: what it says quotes what people sent."""

import traceback
from collections.abc import Iterator
from typing import TypeGuard

DATABASES = {"aiosqlite", "asyncmy", "asyncpg", "pymysql", "sqlalchemy", "sqlite3"}  # and drivers


def name_error(error: BaseException) -> str:
    """Return the code that the database gave, else the class; never the message."""
    failed = getattr(error, "orig", None) or error  # what SQLAlchemy wraps
    codes: list[object] = [getattr(failed, name, None) for name in ("sqlstate", "sqlite_errorname")]
    codes += [one for one in getattr(failed, "args", ())[:1] if type(one) is int]  # MariaDB
    return str(next(filter(None, codes), type(failed).__name__))


def is_of_database(error: object) -> TypeGuard[BaseException]:
    is_failure = isinstance(error, BaseException)
    return is_failure and type(error).__module__.partition(".")[0] in DATABASES


def format_traceback(error: BaseException) -> str:
    names = {str(one): name_error(one) for one in find_quoting(error)}
    whole = traceback.TracebackException.from_exception(error)
    for told in walk_told(whole):
        if name := names.get(str(told)):
            vars(told)["_str"] = name  # nothing public sets it
    return "".join(whole.format()).rstrip("\n")


def walk_told(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    waiting = [told]
    while waiting:
        told = waiting.pop()
        yield told
        linked = (told.__cause__, told.__context__, *(told.exceptions or ()))
        waiting += [one for one in linked if one]


def find_quoting(error: BaseException) -> list[BaseException]:
    """Return what is of a database among *error* and all that it came of, and what that came of.

    A driver that could not write a value down raises its own error from one of Python's.
    """
    found: dict[int, BaseException] = {}
    seen = set()
    waiting = [(error, False)]
    while waiting:
        error, of_database = waiting.pop()
        of_database |= is_of_database(error)
        if (id(error), of_database) in seen:
            continue
        seen.add((id(error), of_database))
        if of_database:
            found[id(error)] = error
        waiting += [(one, of_database) for one in find_linked(error)]
    return list(found.values())


def find_linked(error: BaseException) -> list[BaseException]:
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    linked = (error.__cause__, error.__context__, getattr(error, "orig", None), *parts)
    return [one for one in linked if isinstance(one, BaseException)]
