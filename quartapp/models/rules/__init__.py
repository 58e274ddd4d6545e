"""What is weak about a site, by what one look at it saw; each rule is a pure function."""

from quartapp.models.rules.inspection import MAX_SIGHTINGS, Inspection, inspect
from quartapp.models.rules.rule import Rule, Severity, Sighting
from quartapp.models.rules.table import RULES, VERSION

__all__ = [
    "MAX_SIGHTINGS",
    "RULES",
    "VERSION",
    "Inspection",
    "Rule",
    "Severity",
    "Sighting",
    "inspect",
]
