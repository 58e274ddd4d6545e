"""What is written down of one request."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from quartapp.models import utcnow

KEPT = 100  # requests
MANY = 5  # times the same statement: most likely one for each row of another


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    seconds: float
    place: str  # in our code: `quartapp/services/entity.py:71 get_entity`


@dataclass
class Record:
    """A request; times are seconds."""

    id: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    started_at: datetime = field(default_factory=utcnow)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    status: int = 0
    endpoint: str = ""
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    lag: float = 0.0  # how late the event loop was at most, for everybody

    @property
    def database_seconds(self) -> float:
        return sum(statement.seconds for statement in self.statements)

    def find_repeated(self) -> Iterator[tuple[Statement, int]]:
        """Yield each statement that ran suspiciously often, and how often."""
        counts = Counter(statement.text for statement in self.statements)
        first = {statement.text: statement for statement in reversed(self.statements)}
        yield from ((first[text], count) for text, count in counts.items() if count >= MANY)

    def write_timing(self) -> str:
        """Return what the header Server-Timing says; browsers show it beside the request."""
        count = len(self.statements)
        return (
            f'total;dur={self.seconds * 1000:.1f}, db;dur={self.database_seconds * 1000:.1f};desc="'
            f'{count} statement{"" if count == 1 else "s"}", lag;dur={self.lag * 1000:.1f}'
        )


Records = deque[Record]


def make_records() -> Records:
    """Return room for the newest requests; the oldest go."""
    return deque(maxlen=KEPT)
