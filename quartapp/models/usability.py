"""Is a site there: the states it goes through, the rules that move it, and its outages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base, Id
from quartapp.models.look import Outcome
from quartapp.texts import Count, Text

CAUSE_LENGTH = 200  # characters
DOWN_AFTER, UP_AFTER = 3, 2  # looks, unless people say otherwise


class State(StrEnum):
    NEW = Text("new")  # nobody has looked yet, or not since it was held
    UP = Text("up")
    SUSPECT = Text("suspect")  # it failed, and is asked again soon; nobody is told
    DOWN = Text("down")
    RECOVERING = Text("recovering")  # it answered again, which has to last
    PAUSED = Text("paused")
    MAINTENANCE = Text("maintenance")


HELD = {State.PAUSED, State.MAINTENANCE}  # by people: nothing that is seen moves these
DOUBTFUL = {State.SUSPECT, State.RECOVERING}  # asked again before the next regular look
YOUTH = timedelta(minutes=5)  # of a site, within which the first look at it is waited for


def is_moving(state: State, *, is_young: bool) -> bool:
    """Tell whether a state may change any moment, and no event will tell of that."""
    return state in DOUBTFUL or (state == State.NEW and is_young)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many looks in a row change what people are told."""

    down_after: int = DOWN_AFTER  # failures
    up_after: int = UP_AFTER  # answers


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a site stands; *is_out* is what people were told last, whatever the state is."""

    state: State = State.NEW
    is_out: bool = False
    streak: int = 0  # looks that say so, while it is in doubt
    since: datetime | None = None  # the first look that said so


def advance(now: Standing, outcome: Outcome, limits: Thresholds, at: datetime) -> Standing:
    """Return where the site stands after a look begun *at*; an error of ours moves nothing."""
    if outcome is Outcome.ERROR or now.state in HELD:
        return now
    return answer(now, limits, at) if outcome is Outcome.OK else fail(now, limits, at)


def fail(now: Standing, limits: Thresholds, at: datetime) -> Standing:
    if now.is_out:
        return now if now.state is State.DOWN else Standing(State.DOWN, True, 0, at)
    streak, since = extend(now, State.SUSPECT, at)
    if streak >= limits.down_after:
        return Standing(State.DOWN, True, 0, since)
    return Standing(State.SUSPECT, False, streak, since)


def answer(now: Standing, limits: Thresholds, at: datetime) -> Standing:
    if not now.is_out:
        return now if now.state is State.UP else Standing(State.UP, False, 0, at)
    streak, since = extend(now, State.RECOVERING, at)
    if streak >= limits.up_after:
        return Standing(State.UP, False, 0, since)
    return Standing(State.RECOVERING, True, streak, since)


def extend(now: Standing, state: State, at: datetime) -> tuple[int, datetime]:
    """Return how many looks in a row speak for *state* with this one, and when the first was."""
    if now.state is state and now.since:
        return now.streak + 1, now.since
    return 1, at


def hold(now: Standing, state: State, at: datetime) -> Standing:
    """Let people stop the site from moving; an outage that was told of is still one."""
    return Standing(state, now.is_out, 0, at)


def release(now: Standing, at: datetime) -> Standing:
    """Let it move again, from where people believe it to be."""
    return Standing(State.DOWN if now.is_out else State.NEW, now.is_out, 0, at)


UNITS: dict[int, Callable[[int], Text]] = {  # by their seconds
    86_400: lambda count: Count("%(num)d day", "%(num)d days", count),
    3_600: lambda count: Count("%(num)d hour", "%(num)d hours", count),
    60: lambda count: Count("%(num)d minute", "%(num)d minutes", count),
    1: lambda count: Count("%(num)d second", "%(num)d seconds", count),
}


def write_length(time: timedelta) -> Text:
    """Return a length as people say it, in its two greatest units: "2 hours 5 minutes"."""
    left, parts = max(0, round(time.total_seconds())), []
    for seconds, write in UNITS.items():
        count, left = divmod(left, seconds)
        if count:
            parts.append(write(count))
        elif parts:
            break
    if len(parts) > 1:
        return Text("%(first)s %(second)s", first=parts[0], second=parts[1])
    return parts[0] if parts else Text("less than a second")


class Outage(Base):
    """A site was away: from its first failure until the first answer of those that lasted."""

    __tablename__ = "outage"
    __table_args__ = (Index("ix_outage_entity_id", "entity_id", "started_at"), Base.__table_args__)

    entity_id: Mapped[int] = mapped_column(Id, ForeignKey("entity.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(CAUSE_LENGTH))  # in words
