"""What a good answer is: its status, words that stand in it or do not, a value in its JSON."""

import re
from dataclasses import dataclass

from quartapp.models.content import decode_body
from quartapp.models.json_answer import find_fault
from quartapp.models.look import Look, Outcome, Reason
from quartapp.texts import Text

STATUSES_LENGTH, WORD_LENGTH = 100, 200  # characters
STATUSES = "200-399"  # unless people say otherwise
PART = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expectation:
    statuses: str = STATUSES
    present: str = ""
    absent: str = ""
    json_path: str = ""
    json_value: str = ""

    @property
    def is_of_body(self) -> bool:
        return bool(self.present or self.absent or self.json_path)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look means for the site; *detail* says it to people."""

    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""


def judge(look: Look, expected: Expectation) -> Verdict:
    if look.reason:
        return Verdict(look.outcome, look.reason, look.detail)
    if look.status is None or not is_expected(look.status, expected.statuses):
        return fail(
            Reason.STATUS,
            Text(
                "It answered %(status)s, not %(expected)s.",
                status=look.status,
                expected=expected.statuses,
            ),
        )
    if expected.present and not has_words(look, expected.present):
        return fail(Reason.CONTENT, Text("“%(words)s” is missing.", words=expected.present))
    if expected.absent and has_words(look, expected.absent):
        return fail(Reason.CONTENT, Text("“%(words)s” is there.", words=expected.absent))
    if expected.json_path:
        return judge_json(look, expected)
    return Verdict(Outcome.OK)


def has_words(look: Look, words: str) -> bool:
    """Tell whether an answer has *words*, in the charset that it names or in UTF-8."""
    return words.encode() in look.body or words in decode_body(look)


def judge_json(look: Look, expected: Expectation) -> Verdict:
    fault = find_fault(look, expected.json_path, expected.json_value)
    return fail(Reason.JSON, fault) if fault else Verdict(Outcome.OK)


def fail(reason: Reason, detail: str) -> Verdict:
    return Verdict(Outcome.FAIL, reason, detail)


def is_expected(status: int, statuses: str) -> bool:
    return any(low <= status <= high for low, high in parse_statuses(statuses))


def clean_statuses(value: str) -> str:
    """Return a list of statuses as it is kept: "200-299, 401"."""
    parse_statuses(value)
    return ", ".join(part.strip(" ") for part in value.split(","))


def parse_statuses(value: str) -> list[tuple[int, int]]:
    """Return the ranges of "200-299, 401"; ValueError when it is not such a list."""
    parts = [PART.fullmatch(part.strip(" ")) for part in value.split(",")]
    ends = [(int(part[1]), int(part[2] or part[1])) for part in parts if part]
    if len(ends) < len(parts):
        raise ValueError(Text("Statuses look like 200-299, 401."))
    return [(min(pair), max(pair)) for pair in ends]
