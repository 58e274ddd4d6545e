"""What is asked of every stack, as scripts for wrk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import URLSafeSerializer

SIZE = 50  # rows of a page
HOST = "bench.example"
CONTENT = "Some words about it, no more. " * 10

# {token}, {sites} and {cursors} are put in; `seed` differs in each run.
HEAD = """\
wrk.headers["Host"] = "{host}"
wrk.headers["Authorization"] = "Bearer {token}"
local cursors, seed, count = {{}}, 0, 0
for line in io.lines("{cursors}") do cursors[#cursors + 1] = line end
function init(arguments) seed = tonumber(arguments[1]); math.randomseed(seed) end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
function request()
{body}
end
"""
ONE = '  return wrk.format("GET", "/api/v1/entities/" .. {id})'
PAGE = '  return wrk.format("GET", "/api/v1/entities?per_page=50&cursor=" .. cursors[{number}])'
CREATE = """\
  count = count + 1
  wrk.headers["Content-Type"] = "application/json"
  return wrk.format("POST", "/api/v1/entities", nil, string.format(
    '{"name":"New %d %d","url":"https://new.example.org/","content":"CONTENT"}', seed, count))"""


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    body: str  # of the function that makes a request
    ours_alone: bool = False  # told apart: single flight makes many requests one query


WORKS = [
    Work("livez", "/livez", '  return wrk.format("GET", "/livez")'),
    Work("entity", "one entity", ONE.replace("{id}", "math.random(SITES)")),
    Work("page", "page of 50", PAGE.replace("{number}", "math.random(#cursors)")),
    Work(
        "summary",
        "24 h summary",
        '  return wrk.format("GET", "/api/v1/entities/" .. math.random(SITES) .. "/usability")',
    ),
    Work("create", "create", CREATE.replace("CONTENT", CONTENT)),
    Work(
        "list",
        "HTML list",
        '  return wrk.format("GET", "/entities/?page=" .. math.random(10))',
    ),
    Work("status", "public status page", '  return wrk.format("GET", "/status/")'),
    Work("entity-same", "one entity, same key", ONE.replace("{id}", "1234"), ours_alone=True),
    Work("page-same", "page of 50, same key", PAGE.replace("{number}", "100"), ours_alone=True),
]


def write_script(path: Path, work: Work, token: str, sites: int, cursors: Path) -> None:
    body = work.body.replace("SITES", str(sites))
    # A status page is for strangers: who asks with a credential may get a page of their own.
    head = HEAD.format(host=HOST, token=token, cursors=cursors, body=body)
    path.write_text(head if work.name != "status" else head.replace("Authorization", "X-Unused"))


def write_cursors(path: Path, sites: int, sign: Callable[[int], str]) -> None:
    """Write the cursors after which a page is full."""
    path.write_text("".join(f"{sign(after)}\n" for after in range(sites - SIZE)))


def make_signer(secret_key: str) -> Callable[[int], str]:
    """Return what signs as quartapp does; `verify` compares with a cursor that it gave."""
    signer = URLSafeSerializer([secret_key], salt="cursor api_v1.entity.index")
    return lambda after: str(signer.dumps(after))
