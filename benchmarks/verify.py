"""Whether all stacks answer the same before they are measured: facts, not bytes."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from benchmarks.field import Running
from benchmarks.works import CONTENT, HOST, SIZE
from tests.outside import Connection, Reply

ENTITY = 1234  # one of those that are never down
AWAY = 62  # one that was
FIGURES = ("ok", "fail", "error", "p50", "p95", "p99")
LINK = re.compile(r'href="/(?:entities|status)/(site-\d+)"')


class Asker:
    """A client with the token, through nginx."""

    def __init__(self, running: Running, token: str) -> None:
        self.running = running
        self.headers = {"Host": HOST, "Authorization": f"Bearer {token}"}
        self.connection = Connection(("127.0.0.1", running.port))

    def ask(self, path: str, status: int = 200, data: Any = None) -> Reply:
        body = json.dumps(data) if data else None
        headers = {**self.headers, **({"Content-Type": "application/json"} if data else {})}
        reply = self.connection.ask(path, "POST" if data else "GET", body, headers)
        if reply.status != status:
            name = self.running.stack.name
            sys.exit(f"{name} answers {reply.status} to {path}: {reply.body[:400]}")
        return reply


def read_entity(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return its fields, moments as such: each stack spells them in its own way."""
    times = {name: datetime.fromisoformat(entity[name]) for name in ("created_at", "updated_at")}
    return {**{name: entity[name] for name in sorted(entity)}, **times}


def ask_entity(asker: Asker) -> Any:
    return read_entity(json.loads(asker.ask(f"/api/v1/entities/{ENTITY}").body))


def ask_page(asker: Asker) -> Any:
    """Read two parts, the second by the cursor that the first one gave."""
    path = f"/api/v1/entities?per_page={SIZE}&cursor="
    start = "" if asker.running.stack.kind == "ours" else "0"
    first = json.loads(asker.ask(path + start).body)
    second = json.loads(asker.ask(path + first["_meta"]["next_cursor"]).body)
    return [read_entity(entity) for part in (first, second) for entity in part["items"]]


def ask_summary(asker: Asker) -> Any:
    found = []
    for number in (ENTITY, AWAY):
        answer = json.loads(asker.ask(f"/api/v1/entities/{number}/usability").body)
        day = answer["last_day"]
        figures = {name: day[name] for name in FIGURES}
        # By the looks here, by the outages there.
        uptime = round(day["uptime"], 2)
        found.append((answer["entity"], answer["state"], figures, uptime))
    return found


def ask_create(asker: Asker) -> Any:
    name = f"Made by {asker.running.stack.name}"
    data = {"name": name, "url": "https://new.example.org/", "content": CONTENT.strip()}
    entity = json.loads(asker.ask("/api/v1/entities", 201, data).body)
    again = json.loads(asker.ask(f"/api/v1/entities/{entity['id']}").body)
    if read_entity(entity) != read_entity(again):
        sys.exit(f"{asker.running.stack.name} keeps another entity than it says")
    asker.ask("/api/v1/entities", 409, data)
    own = {"id", "name", "slug", "created_at", "updated_at"}
    return {key: value for key, value in entity.items() if key not in own}


def ask_list(asker: Asker) -> Any:
    return LINK.findall(asker.ask("/entities/?page=3").body)


def ask_status(asker: Asker) -> Any:
    return LINK.findall(asker.ask("/status/").body)


QUESTIONS: dict[str, Callable[[Asker], Any]] = {
    "entity": ask_entity,
    "page": ask_page,
    "summary": ask_summary,
    "create": ask_create,
    "list": ask_list,
    "status": ask_status,
}


def verify(running: Sequence[Running], token: str, works: Sequence[str]) -> None:
    """Exit where two stacks tell different facts."""
    for work in works:
        if work in QUESTIONS:
            facts = {one.stack.name: QUESTIONS[work](Asker(one, token)) for one in running}
            names = list(facts)
            for name in names[1:]:
                if facts[name] != facts[names[0]]:
                    sys.exit(f"{work}: {name} says {facts[name]}\n{names[0]} {facts[names[0]]}")
            if work in ("list", "status") and len(facts[names[0]]) != SIZE:
                sys.exit(f"{work}: {len(facts[names[0]])} rows instead of {SIZE}")


def verify_cursor(one: Running, token: str, sign: Callable[[int], str]) -> None:
    """Exit where quartapp signs its cursors in another way than works.py."""
    answer = json.loads(Asker(one, token).ask(f"/api/v1/entities?per_page={SIZE}&cursor=").body)
    if answer["_meta"]["next_cursor"] != sign(SIZE):
        sys.exit("quartapp signs cursors in another way: benchmarks/works.py, make_signer()")
