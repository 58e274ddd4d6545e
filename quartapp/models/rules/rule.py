"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from quartapp.models.rules.page import Page
from quartapp.texts import Text

Place = tuple[str, str]  # the stable part of a key, and what is to be said of it


class Severity(StrEnum):
    CRITICAL = Text("critical")
    HIGH = Text("high")
    MEDIUM = Text("medium")
    LOW = Text("low")
    INFO = Text("info")


class Scope(StrEnum):
    """Which looks a rule judges."""

    HANDSHAKE = "handshake"  # those by https, whatever was answered
    WAY = "way"  # those with a good answer, by the addresses that led there
    ANSWER = "answer"  # those with an answer, by its headers
    GOOD = "good"  # those with a good answer, by its headers
    HEAD = "head"  # those with a good page, by its headers
    PAGE = "page"  # those with a good page, by all of it
    ERROR_PAGE = "error-page"  # those with a page that says what went wrong


WHOLE = {Scope.PAGE, Scope.ERROR_PAGE}  # a part of the page proves no absence
ANY_STATUS = {Scope.HANDSHAKE, Scope.WAY}


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    severity: Severity
    title: str
    explanation: str  # what it is, and why it matters
    remedy: str
    reference: str
    scope: Scope
    find: Callable[[Page], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look found something by a rule; a finding is known by its site, rule and place."""

    rule: str
    place: str
    detail: str
