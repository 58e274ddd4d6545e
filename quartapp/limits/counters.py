"""Where hits are counted: in Redis for all processes, here while it is away."""

from importlib import import_module
from math import ceil
from time import time
from typing import Protocol

from quartapp.limits.memory import Memory
from quartapp.limits.rules import Rule, Verdict


class Shared(Protocol):
    """What counts for all processes: `shared.SharedCounters`, loaded with Redis."""

    async def count(self, rule: Rule, key: str) -> Verdict | None: ...


class Counters:
    """Count in Redis; when it is away, here."""

    def __init__(self, remote: object = None) -> None:
        self.local = Memory()
        self.shared = load_shared(remote) if remote else None

    async def count(self, rule: Rule, key: str) -> Verdict:
        shared = await self.shared.count(rule, key) if self.shared else None
        return shared or count_here(self.local, rule, key)


def load_shared(remote: object) -> Shared:
    shared: Shared = import_module("quartapp.limits.shared").SharedCounters(remote)
    return shared


def count_here(memory: Memory, rule: Rule, key: str) -> Verdict:
    name, limit, expiry = f"{rule.name}/{key}", rule.allows.amount, rule.allows.get_expiry()
    is_allowed = memory.acquire(name, limit, expiry)
    start, count = memory.find_window(name, expiry)
    return Verdict(rule, is_allowed, limit - count, max(ceil(start + expiry - time()), 1))
