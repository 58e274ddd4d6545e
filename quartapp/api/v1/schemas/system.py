from datetime import datetime

from quartapp.api.v1.schemas.base import Out
from quartapp.models.system import Work


class DatabaseOut(Out):
    """What the data is kept in; `size` in bytes."""

    kind: str
    version: str
    size: int


class PoolOut(Out):
    """Connections to the database of the process that answers."""

    used: int
    size: int


class QueueOut(Out):
    """Work that nobody is at: due since `oldest_at`, which is `late` seconds ago, or later."""

    work: Work
    due: int
    oldest_at: datetime | None
    late: float
    later: int


class LeaseOut(Out):
    """Work that a worker is at; others take it when it is not done by then."""

    work: Work
    holder: str
    count: int
    until: datetime


class ProcessOut(Out):
    """The process that answers: `memory` in bytes, `lag` the most of a minute in seconds."""

    id: int
    started_at: datetime
    memory: int | None
    lag: float


class DiskOut(Out):
    """The disk that something is written to, in bytes."""

    place: str
    free: int
    total: int


class SystemOut(Out):
    """How the whole does, at a moment; `migrations` says how the database stands to the code."""

    at: datetime
    versions: dict[str, str]
    database: DatabaseOut
    pool: PoolOut
    is_current: bool
    migrations: str
    revision: str
    queues: list[QueueOut]
    leases: list[LeaseOut]
    process: ProcessOut
    disks: list[DiskOut]
