"""Failures of the database over a value are told by their codes: its words quote what people sent.

What it says of a table that is missing, or of a connection, stays as it is.
"""

import traceback
from collections.abc import Iterator
from io import StringIO
from typing import TypeGuard

DATABASES = {"aiosqlite", "asyncmy", "asyncpg", "pymysql", "sqlalchemy", "sqlite3"}  # and drivers
ABOUT_VALUES = {"DataError", "IntegrityError", "IntegrityConstraintViolationError"}


def name_error(error: BaseException) -> str:
    """Return the code that the database gave, else the class; never the message."""
    failed = getattr(error, "orig", None) or error  # what SQLAlchemy wraps
    codes: list[object] = [getattr(failed, name, None) for name in ("sqlstate", "sqlite_errorname")]
    codes += [one for one in getattr(failed, "args", ())[:1] if type(one) is int]  # MariaDB
    return str(next(filter(None, codes), type(failed).__name__))


def is_quoting(error: object) -> TypeGuard[BaseException]:
    """Tell whether it is a database's, and about a value: that it is taken, or cannot be."""
    if not isinstance(error, BaseException) or not is_of_database(error):
        return False
    below = (getattr(error, "orig", None), error.__cause__)
    return is_about_value(error) or any(is_quoting(one) for one in below)


def is_of_database(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in DATABASES


def is_about_value(error: BaseException) -> bool:
    """Tell by the names that all drivers have; SQLAlchemy's own is of one it could not bind."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return names[0] == "StatementError" or not ABOUT_VALUES.isdisjoint(names)


def format_traceback(error: BaseException) -> str:
    names = {str(one): name_error(one) for one in find_quoting(error)}
    whole = traceback.TracebackException.from_exception(error)
    for told in walk_told(whole):
        if name := names.get(str(told)):
            vars(told)["_str"] = name  # nothing public sets it
    lines = StringIO()
    whole.print(file=lines)
    return lines.getvalue().rstrip("\n")


def walk_told(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    waiting = [told]
    while waiting:
        told = waiting.pop()
        yield told
        linked = (told.__cause__, told.__context__, *(told.exceptions or ()))
        waiting += [one for one in linked if one]


def find_quoting(error: BaseException) -> list[BaseException]:
    """Return what quotes a value among *error* and all that it came of, and what that came of.

    A driver that could not write a value down raises its own error from one of Python's.
    """
    found: dict[int, BaseException] = {}
    seen = set()
    waiting = [(error, False)]
    while waiting:
        error, is_quoted = waiting.pop()
        is_quoted |= is_quoting(error)
        if (id(error), is_quoted) in seen:
            continue
        seen.add((id(error), is_quoted))
        if is_quoted:
            found[id(error)] = error
        waiting += [(one, is_quoted) for one in find_linked(error)]
    return list(found.values())


def find_linked(error: BaseException) -> list[BaseException]:
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    linked = (error.__cause__, error.__context__, getattr(error, "orig", None), *parts)
    return [one for one in linked if isinstance(one, BaseException)]
