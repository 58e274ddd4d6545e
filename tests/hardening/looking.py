"""A client over HTTPS that keeps every answer it gets, and what is weak about them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from quart import Response
from quart.testing import QuartClient

from tests.hardening.observatory import Answer, grade, parse_policy, score

FRAMED = ("/embed",)  # pages for the frames of others; what is said in their place is not
SHARED = (*FRAMED, "badge.svg")  # what pages of others may load
SAID = {  # besides what the Observatory looks at
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}
HUSHED = ("server", "x-powered-by", "x-aspnet-version")


@dataclass
class Book:
    """What was asked, and how it was answered."""

    answers: list[tuple[str, str, int, Answer]] = field(default_factory=list)

    def note(self, method: str, path: str, status: int, answer: Answer) -> None:
        self.answers.append((method, path, status, answer))

    def find_weak(self) -> list[str]:
        return [
            f"{method} {path} {status}: {fault}"
            for method, path, status, answer in self.answers
            for fault in find_faults(path if status == 200 else "", answer)
        ]

    def count_statuses(self) -> Counter[int]:
        return Counter(status for _, _, status, _ in self.answers)


class LookingClient(QuartClient):
    """Asks over HTTPS, and notes what comes."""

    book: Book

    async def open(self, path: str, *args: Any, **options: Any) -> Any:
        response = await super().open(path, *args, **{"scheme": "https", **options})
        await note_response(self.book, options.get("method", "GET"), path, response)
        return response


async def note_response(book: Book, method: str, path: str, response: Response) -> None:
    body = await response.get_data(as_text=False)
    answer = Answer("localhost", tuple(response.headers), body.decode(errors="replace"))
    book.note(method, path.partition("?")[0], response.status_code, answer)


def find_faults(path: str, answer: Answer) -> list[str]:
    marks = [f"{name} {mark}" for name, mark in grade(answer).items() if mark < 0]
    faults = [f"{score(answer)} points", *marks] if marks or score(answer) < 100 else []
    return faults + find_more_faults(path, answer)


def find_more_faults(path: str, answer: Answer) -> list[str]:
    """Return what is not as this application has it, though the Observatory might not mind."""
    wrong = [name for name, value in SAID.items() if answer.find(name) != [value]]
    wrong += [name for name in HUSHED if answer.find(name)]
    frames = parse_policy(answer).get("frame-ancestors")
    if frames != {"'none'"} and not (path.endswith(FRAMED) and frames == {"*"}):
        wrong.append("frame-ancestors")
    if answer.find("cross-origin-resource-policy") != ["same-origin"] and not path.endswith(SHARED):
        wrong.append("cross-origin-resource-policy")
    if len(answer.find("cache-control")) != 1:
        wrong.append("cache-control")
    cookies = answer.find("set-cookie")
    if not all(one.startswith("__Host-") and "; Path=/;" in f"{one};" for one in cookies):
        wrong.append("set-cookie")
    return wrong
