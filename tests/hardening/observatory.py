"""The arithmetic of the MDN HTTP Observatory: what the headers of one answer are worth.

The modifiers are those of its SCORE_TABLE; where its rules see only the first page of a site, ours
look at each answer as if it were that. Bonuses count from 90 points on, 100 is an "A+".
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

BONUS_FROM = 90
HALF_A_YEAR = 15_768_000  # s
BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
OF_SESSIONS = re.compile("session|quartapp|remember|auth|sid", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An answer that came over HTTPS from *host*."""

    host: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def find(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


Judge = Callable[[Answer], int]


def score(answer: Answer) -> int:
    marks = grade(answer).values()
    base = 100 + sum(mark for mark in marks if mark < 0)
    return max(0, base + (sum(mark for mark in marks if mark > 0) if base >= BONUS_FROM else 0))


def grade(answer: Answer) -> dict[str, int]:
    return {name: judge(answer) for name, judge in JUDGES.items()}


# --- the policy of content


def parse_policy(answer: Answer) -> dict[str, set[str]]:
    """Return its directives; a second policy or directive leaves none, as one of them is a slip."""
    values = answer.find("content-security-policy")
    if len(values) != 1 or "," in values[0]:
        return {}
    parts = [part.split() for part in values[0].lower().split(";") if part.strip()]
    policy = {name: set(sources) for name, *sources in parts}
    return policy if len(policy) == len(parts) else {}


def judge_policy(answer: Answer) -> int:
    policy = parse_policy(answer)
    if not policy:
        return -25
    default = policy.get("default-src", {"*"})
    script, style = (policy.get(name, default) for name in ("script-src", "style-src"))
    active = set().union(*(policy[name] for name in policy if name not in ("img-src", "media-src")))
    if script & (BROAD | INLINE) or policy.get("object-src", default) & BROAD:
        return -20
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in script | style:
        return -10
    if any(source.startswith(("http:", "ftp:")) for source in set().union(*policy.values())):
        return -10
    if style & (BROAD | INLINE):
        return 0
    return 10 if default == {"'none'"} else 5


def judge_frames(answer: Answer) -> int:
    if "frame-ancestors" in parse_policy(answer):
        return 5
    said = [value.lower() for value in answer.find("x-frame-options")]
    return 0 if said in (["deny"], ["sameorigin"]) else -20


# --- the other headers


def judge_transport(answer: Answer) -> int:
    said = answer.find("strict-transport-security")
    found = re.match(r"max-age=(\d+)(;|$)", said[0]) if len(said) == 1 else None
    if found is None:
        return -20
    return 0 if int(found[1]) >= HALF_A_YEAR else -10


def judge_kind(answer: Answer) -> int:
    return 0 if answer.find("x-content-type-options") == ["nosniff"] else -5


def judge_referrer(answer: Answer) -> int:
    said = [part.strip() for value in answer.find("referrer-policy") for part in value.split(",")]
    if not said:
        return 0
    return 5 if said[-1] in PRIVATE else -5


def judge_resource(answer: Answer) -> int:
    said = answer.find("cross-origin-resource-policy")
    if said in ([], ["cross-origin"]):
        return 0
    return 10 if said in (["same-origin"], ["same-site"]) else -5


def judge_sharing(answer: Answer) -> int:
    """The Observatory asks with a foreign `Origin`; nobody foreign may read with credentials."""
    allowed = answer.find("access-control-allow-origin")
    with_credentials = "true" in answer.find("access-control-allow-credentials")
    return -50 if with_credentials and allowed not in ([], [f"https://{answer.host}"]) else 0


def judge_cookies(answer: Answer) -> int:
    cookies = [SimpleCookie(value) for value in answer.find("set-cookie")]
    morsels = [morsel for cookie in cookies for morsel in cookie.values()]
    marks = [judge_cookie(morsel.key, morsel) for morsel in morsels]
    if len(morsels) != len(answer.find("set-cookie")):
        return -40  # one that cannot be read
    return min(marks, default=0)


def judge_cookie(name: str, flags: object) -> int:
    secure, closed, site = (flags[key] for key in ("secure", "httponly", "samesite"))  # type: ignore[index]
    of_session = OF_SESSIONS.search(name) is not None
    if of_session and not closed:
        return -30
    if not secure:
        return -10 if of_session else -5  # as HSTS protects them
    if site.lower() not in ("lax", "strict"):
        return -20
    return 5


def judge_redirection(answer: Answer) -> int:
    for target in map(urlsplit, answer.find("location")):
        if target.scheme not in ("", "https"):
            return -20
        if target.netloc not in ("", answer.host):
            return -5
    return 0


def judge_scripts(answer: Answer) -> int:
    if not any(value.startswith("text/html") for value in answer.find("content-type")):
        return 0
    sources = re.findall(r"<script[^>]*\ssrc=[\"']?([^\"'\s>]+)", answer.body)
    return min(map(judge_script, find_foreign(sources, answer.host)), default=0)


def judge_script(source: str) -> int:
    return -5 if source.startswith("https://") else -50


def find_foreign(sources: Iterable[str], host: str) -> list[str]:
    return [source for source in sources if urlsplit(source).netloc not in ("", host)]


JUDGES: dict[str, Judge] = {
    "content-security-policy": judge_policy,
    "cookies": judge_cookies,
    "cross-origin-resource-policy": judge_resource,
    "cross-origin-resource-sharing": judge_sharing,
    "redirection": judge_redirection,
    "referrer-policy": judge_referrer,
    "strict-transport-security": judge_transport,
    "subresource-integrity": judge_scripts,
    "x-content-type-options": judge_kind,
    "x-frame-options": judge_frames,
}
