"""What is wrong with an installation, or will be: for operators, and for whoever deploys."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"  # somebody should look at it
    FAIL = "fail"  # it does not work, or is not safe


class Finding(NamedTuple):
    level: Level
    topic: str
    text: str
