"""One question to the cache: found, or made once and kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from quartapp.cache.shelf import Shelf
from quartapp.cache.sight import Sight, is_personal, name_reader, seen_by

Make = Callable[[], Awaitable[tuple[Any, bytes | None]]]


@dataclass(frozen=True)
class Lookup:
    shelf: Shelf
    name: str
    timeout: float
    tags: list[str]
    sight: Sight

    async def get(self, make: Make) -> tuple[Any, bytes | None]:
        """Return bytes that were kept or, for who made it, also what *make* returns."""
        if self.sight is not Sight.EVERYONE and is_personal(self.sight):
            return await make()
        reader = name_reader(self.sight)
        key = f"{self.name} {reader}"

        async def find_or_make() -> tuple[Any, bytes | None]:
            data, versions = await self.shelf.look_up(key, self.tags)
            if data is not None:
                return None, data
            with seen_by(self.sight):
                value, made = await make()
            if made is None or is_personal(self.sight) or name_reader(self.sight) != reader:
                return value, None
            await self.shelf.save(key, made, self.timeout, self.tags, versions)
            return value, made

        return await self.shelf.make_once(key, find_or_make)
