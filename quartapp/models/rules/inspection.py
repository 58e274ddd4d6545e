"""All rules over one look: what they found, and of what they could have found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from quartapp.models.look import Look, Reason
from quartapp.models.rules.page import Page
from quartapp.models.rules.rule import ANY_STATUS, WHOLE, Place, Rule, Scope, Sighting
from quartapp.models.rules.table import RULES

MAX_SIGHTINGS = 50  # of a rule in one look
MAX_PLACE, MAX_DETAIL = 200, 200  # characters
REST = "…"  # the place of all that is too much


@dataclass(frozen=True, slots=True)
class Inspection:
    """*statuses* holds, for rules that ran, the status they judged; None: it does not matter."""

    sightings: list[Sighting] = field(default_factory=list)
    statuses: dict[str, int | None] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)  # what these did not find is not there
    broken: dict[str, Exception] = field(default_factory=dict)  # for the caller to log


def inspect(look: Look, rules: Mapping[str, Rule] = RULES) -> Inspection:
    page, found = Page(look), Inspection()
    for rule in rules.values():
        if not judges(rule.scope, page):
            continue
        try:
            places = collect(rule.find(page))
            is_complete = proves_absence(rule.scope, page) and REST not in places
        except Exception as error:  # noqa: BLE001  # one rule must not cost the others
            found.broken[rule.id] = error
            continue
        found.statuses[rule.id] = None if rule.scope in ANY_STATUS else look.status
        found.complete.update([rule.id] if is_complete else [])
        found.sightings.extend(Sighting(rule.id, *place) for place in places.items())
    return found


def judges(scope: Scope, page: Page) -> bool:
    match scope:
        case Scope.HANDSHAKE:
            return page.is_secure and (page.is_answered or page.look.reason is Reason.TLS)
        case Scope.ANSWER:
            return page.is_answered
        case Scope.WAY | Scope.GOOD:
            return page.is_good
        case Scope.HEAD | Scope.PAGE:
            return page.is_good and page.is_html
        case Scope.ERROR_PAGE:
            return page.is_html and (page.look.status or 0) >= 400


def proves_absence(scope: Scope, page: Page) -> bool:
    return page.is_answered and (scope not in WHOLE or page.is_whole)


def collect(places: Iterable[Place]) -> dict[str, str]:
    """Return each place once with its detail, and one for the rest when there are too many."""
    found: dict[str, str] = {}
    for place, detail in places:
        name = clean(place, MAX_PLACE)
        if name not in found and len(found) == MAX_SIGHTINGS:
            found[REST] = f"There are more than {MAX_SIGHTINGS} places."
            break
        found.setdefault(name, clean(detail, MAX_DETAIL))
    return found


def clean(text: str, length: int) -> str:
    """Return what strangers wrote as one line that can be shown and kept."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
