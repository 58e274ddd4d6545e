"""Where what is cached lies: in this process, or in Redis for all of them."""

from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from time import monotonic
from typing import Protocol

ENTRIES = 10_000


class Store(Protocol):
    """Bytes by key, each for so many seconds."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]: ...

    async def set(self, key: str, value: bytes, timeout: float) -> None: ...

    async def add(self, key: str, value: bytes, timeout: float) -> bool: ...

    async def delete(self, key: str) -> bool: ...


def load_shared(remote: object) -> Store:
    """Return what lies in Redis: a module that is loaded only with its package."""
    shared: Store = import_module("quartapp.cache.shared").Shared(remote)
    return shared


class Memory:
    """What was used last, up to so many entries and bytes."""

    def __init__(self, size: int, entries: int = ENTRIES) -> None:
        self.size, self.entries = size, entries
        self.kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # until when, too
        self.used = 0

    def find(self, key: str) -> bytes | None:
        value, until = self.kept.get(key, (None, 0.0))
        if value is None:
            return None
        if until <= monotonic():
            self.drop(key)
            return None
        self.kept.move_to_end(key)
        return value

    def put(self, key: str, value: bytes, timeout: float) -> None:
        self.drop(key)
        self.kept[key] = value, monotonic() + timeout
        self.used += measure(key, value)
        while self.used > self.size or len(self.kept) > self.entries:
            self.drop(next(iter(self.kept)))

    def drop(self, key: str) -> bool:
        value, _ = self.kept.pop(key, (None, 0.0))
        self.used -= 0 if value is None else measure(key, value)
        return value is not None

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self.find(key) for key in keys]

    async def set(self, key: str, value: bytes, timeout: float) -> None:
        self.put(key, value, timeout)

    async def add(self, key: str, value: bytes, timeout: float) -> bool:
        if self.find(key) is not None:
            return False
        self.put(key, value, timeout)
        return True

    async def delete(self, key: str) -> bool:
        return self.drop(key)


def measure(key: str, value: bytes) -> int:
    return len(key) + len(value)
