"""What one application has cached: entries that stand and fall with the versions of their tags."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from quartapp.cache.codec import pack, unpack
from quartapp.cache.stores import Memory, Store, load_shared

DAY = 24 * 3600.0
PREFIX = "quartapp:cache:"

Make = Callable[[], Awaitable[tuple[Any, bytes | None]]]


class Shelf:
    def __init__(self, size: int, remote: object = None) -> None:
        self.local = Memory(size)
        self.store: Store = load_shared(remote) if remote else self.local
        self.flights: dict[str, asyncio.Future[bytes | None]] = {}
        self.hits = self.misses = 0

    # --- entries ---

    async def find(self, key: str, tags: Iterable[str] = ()) -> tuple[bytes | None, dict[str, str]]:
        """Return the entry, if none of its tags was forgotten, and the versions of *tags* now."""
        names = list(dict.fromkeys(tags))
        entry, *found = await self.store.get_many([name_entry(key), *map(name_tag, names)])
        versions = {name: one.decode() for name, one in zip(names, found, strict=True) if one}
        if entry is None:
            return None, versions
        value, needed = unpack(entry)
        others = [name for name in needed if name not in names]
        known = versions | await self.read_versions(others)
        is_valid = all(known.get(name) == version for name, version in needed.items())
        return (value if is_valid else None), versions

    async def read_versions(self, tags: list[str]) -> dict[str, str]:
        if not tags:
            return {}
        found = await self.store.get_many([name_tag(tag) for tag in tags])
        return {tag: one.decode() for tag, one in zip(tags, found, strict=True) if one}

    async def look_up(
        self, key: str, tags: Iterable[str] = ()
    ) -> tuple[bytes | None, dict[str, str]]:
        """Find and count."""
        value, versions = await self.find(key, tags)
        self.count(is_hit=value is not None)
        return value, versions

    def count(self, *, is_hit: bool) -> None:
        self.hits += is_hit
        self.misses += not is_hit

    async def save(
        self,
        key: str,
        value: bytes,
        timeout: float,
        tags: Iterable[str] = (),
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Keep *value*; *versions*: of its tags, from before it was made."""
        names = list(dict.fromkeys(tags))
        seen = await self.read_versions(names) if versions is None else versions
        needed = {tag: seen.get(tag) or await self.begin_version(tag) for tag in names}
        await self.store.set(name_entry(key), pack(value, needed), timeout)

    async def add(self, key: str, value: bytes, timeout: float) -> bool:
        return await self.store.add(name_entry(key), pack(value, {}), timeout)

    async def delete(self, key: str) -> bool:
        return await self.store.delete(name_entry(key))

    async def begin_version(self, tag: str) -> str:
        """Give a tag its first version; if it just got another, what we keep is rightly void."""
        version = secrets.token_hex(8)
        await self.store.add(name_tag(tag), version.encode(), DAY)
        return version

    async def forget(self, tag: str) -> None:
        """Give *tag* another version: what is made right now of what was before is void, too."""
        await self.store.set(name_tag(tag), secrets.token_hex(8).encode(), DAY)

    # --- one makes it for all that wait ---

    async def make_once(self, key: str, make: Make) -> tuple[Any, bytes | None]:
        """Return what the first of many makes: a value for itself, bytes for the others."""
        while flight := self.flights.get(key):
            try:
                data = await asyncio.shield(flight)
            except asyncio.CancelledError:
                if not flight.cancelled() or is_going():
                    raise
                continue  # who made it went away: somebody else does
            # What failed, or is nobody else's, each makes alone.
            if data is None:
                return await make()
            self.count(is_hit=True)
            return None, data
        return await self.fly(key, make)

    async def fly(self, key: str, make: Make) -> tuple[Any, bytes | None]:
        flight = self.flights[key] = asyncio.get_running_loop().create_future()
        try:
            made = await make()
            flight.set_result(made[1])
        except asyncio.CancelledError:
            flight.cancel()
            raise
        finally:
            del self.flights[key]
            if not flight.done():
                flight.set_result(None)
        return made


def is_going() -> bool:
    """Tell whether it is us who are cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def name_entry(key: str) -> str:
    return f"{PREFIX}{hash_name(key)}"


def name_tag(tag: str) -> str:
    return f"{PREFIX}tag:{hash_name(tag)}"


def hash_name(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
