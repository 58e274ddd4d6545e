"""The one place that knows what an error of the database means."""

import re
from enum import Enum

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError

from quartapp.errors import (
    AppError,
    ConflictError,
    InvalidError,
    StorageFullError,
    UnavailableError,
)
from quartapp.texts import Text


class Failure(Enum):
    """What happened, whatever the database calls it."""

    AWAY = Text("The database is away; try again in a moment.")
    FILE = Text("The file of the database cannot be used; see that it is one, and its rights.")
    BEHIND = Text("The database is behind this version; run: quartapp db upgrade")
    FULL = Text("The disk of the database is full; nothing was written.")
    RACE = Text("Others changed the same at the same moment; try again.")
    CONFLICT = Text("This contradicts what is kept already.")
    INVALID = Text("The database cannot keep a value that was sent.")


# Longest prefix first: https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL = {
    "23": Failure.CONFLICT,
    "23502": Failure.INVALID,  # null
    "23514": Failure.INVALID,  # check
    "22": Failure.INVALID,
    "54": Failure.INVALID,  # too long for an index, too many levels
    "40": Failure.RACE,
    "53100": Failure.FULL,
    "42P01": Failure.BEHIND,
    "42703": Failure.BEHIND,
    "25006": Failure.AWAY,  # read-only
    "25P03": Failure.AWAY,  # idle for too long
    "25P04": Failure.AWAY,  # at work for too long
    "55": Failure.AWAY,
    "08": Failure.AWAY,
    "53": Failure.AWAY,
    "57": Failure.AWAY,
    "58": Failure.AWAY,
    "XX": Failure.AWAY,
}
# https://www.sqlite.org/rescode.html
SQLITE = {
    "SQLITE_CONSTRAINT": Failure.CONFLICT,
    "SQLITE_CONSTRAINT_NOTNULL": Failure.INVALID,
    "SQLITE_CONSTRAINT_CHECK": Failure.INVALID,
    "SQLITE_TOOBIG": Failure.INVALID,
    "SQLITE_MISMATCH": Failure.INVALID,
    "SQLITE_BUSY_SNAPSHOT": Failure.RACE,
    "SQLITE_BUSY": Failure.AWAY,
    "SQLITE_LOCKED": Failure.AWAY,
    "SQLITE_FULL": Failure.FULL,
    "SQLITE_IOERR": Failure.AWAY,
    "SQLITE_IOERR_SHMSIZE": Failure.FULL,  # no room for the index of what is not yet in the file
    "SQLITE_CANTOPEN": Failure.FILE,
    "SQLITE_READONLY": Failure.FILE,
    "SQLITE_PERM": Failure.FILE,
    "SQLITE_CORRUPT": Failure.FILE,
    "SQLITE_NOTADB": Failure.FILE,
}
# https://mariadb.com/kb/en/mariadb-error-codes/ and MySQL's, which are the same where both know one
MYSQL = {
    **dict.fromkeys((1062, 1169, 1216, 1217, 1451, 1452, 1557, 1586), Failure.CONFLICT),
    **dict.fromkeys((1048, 1364, 3819, 4025), Failure.INVALID),  # null, check
    **dict.fromkeys((1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1690), Failure.INVALID),
    **dict.fromkeys((1020, 1213, 1412), Failure.RACE),
    **dict.fromkeys((1021, 1114), Failure.FULL),
    **dict.fromkeys((1054, 1146), Failure.BEHIND),
    **dict.fromkeys((1205, 1223, 1290, 1792, 1836), Failure.AWAY),  # locked, read-only
    **dict.fromkeys((1053, 1317, 1927, 1969, 2006, 2013, 2014, 3024, 4031), Failure.AWAY),
}
LOCK_TIMEOUTS = ("55P03", 1205)  # of PostgreSQL, of MySQL
ANSWERS: dict[Failure, type[AppError]] = {
    Failure.AWAY: UnavailableError,
    Failure.FILE: UnavailableError,
    Failure.BEHIND: UnavailableError,
    Failure.FULL: StorageFullError,
    Failure.RACE: UnavailableError,
    Failure.CONFLICT: ConflictError,
    Failure.INVALID: InvalidError,
}


def find_failure(error: BaseException) -> Failure | None:
    """Say what *error* means; None: it is no failure of the database but a mistake of ours."""
    if isinstance(error, PoolTimeoutError):
        return Failure.AWAY
    if isinstance(error, StaleDataError):
        return Failure.RACE  # the row was changed or removed since it was read
    if not isinstance(error, StatementError):
        return None
    if isinstance(error.orig, OverflowError | UnicodeEncodeError):
        return Failure.INVALID  # the driver could not even send the value
    known = find_by_code(error.orig)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return known if known in (Failure.FILE, Failure.FULL) else Failure.AWAY
    return known


def find_by_code(error: BaseException | None) -> Failure | None:
    if name := getattr(error, "sqlite_errorname", None):
        behind = re.match("no such (table|column)|table .* has no column", str(error))
        return Failure.BEHIND if behind else find_by_prefix(SQLITE, name)
    if error is not None and error.args and isinstance(error.args[0], int):
        return MYSQL.get(error.args[0])
    if type(error).__name__ == "InvalidCachedStatementError":
        return Failure.RACE  # with a migration, which changed a table that was read before
    return find_by_prefix(POSTGRESQL, getattr(error, "sqlstate", None) or "")


def find_by_prefix(table: dict[str, Failure], code: str) -> Failure | None:
    prefixes = [prefix for prefix in table if code.startswith(prefix)]
    return table[max(prefixes, key=len)] if prefixes else None


def classify(error: BaseException) -> AppError | None:
    """Return what the person who asked is told, or None when *error* is no database failure."""
    failure = find_failure(error)
    return ANSWERS[failure](failure.value) if failure else None


def is_retriable(error: BaseException) -> bool:
    """Tell whether the same work, begun anew, may well succeed.

    A conflict is among them: the second run sees the row that won, and names it in its own words.
    """
    return find_failure(error) in (Failure.RACE, Failure.CONFLICT)


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether a statement waited too long for the transaction of somebody else."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    codes = {getattr(error.orig, "sqlstate", None), *error.orig.args[:1]}
    return not codes.isdisjoint(LOCK_TIMEOUTS)
