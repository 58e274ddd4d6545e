"""The cache extension: what was made lately, for those who may see it."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from quart import Quart, Response, current_app, make_response, request

from quartapp.cache.codec import decode, encode, write_arguments
from quartapp.cache.fragment import CacheExtension
from quartapp.cache.lookup import Lookup
from quartapp.cache.pages import freeze, thaw
from quartapp.cache.shelf import DAY, Shelf
from quartapp.cache.sight import Sight

__all__ = ["Cache", "Sight"]

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[..., Awaitable[Any]]
TIMEOUT = 300.0  # s, when nobody says how long


class Cache:
    """Keep bytes and what JSON knows, for a while; with CACHE_SIZE=0 nothing."""

    def init_app(self, app: Quart) -> None:
        app.jinja_env.add_extension(CacheExtension)
        app.jinja_env.globals["for_everyone"] = Sight.EVERYONE
        if not app.config["CACHE_SIZE"]:
            return
        app.extensions["cache"] = Shelf(app.config["CACHE_SIZE"], app.extensions.get("redis"))

    @property
    def hits(self) -> int:
        return shelf.hits if (shelf := find_shelf()) else 0

    @property
    def misses(self) -> int:
        return shelf.misses if (shelf := find_shelf()) else 0

    # --- values, for everyone ---

    async def get(self, key: str) -> Any:
        """Return what is kept under *key*, None when nothing is."""
        return (await self.get_many(key))[0]

    async def get_many(self, *keys: str) -> list[Any]:
        shelf = find_shelf()
        found = [(await shelf.look_up(name_value(key)))[0] if shelf else None for key in keys]
        return [None if data is None else decode(data) for data in found]

    async def set(
        self, key: str, value: Any, timeout: float = TIMEOUT, *, tags: Iterable[str] = ()
    ) -> None:
        data = encode(value)
        if shelf := find_shelf():
            await shelf.save(name_value(key), data, check_timeout(timeout), tags)

    async def add(self, key: str, value: Any, timeout: float = TIMEOUT) -> bool:
        """Keep *value* unless something is kept already; tell whether it is."""
        shelf = find_shelf()
        return shelf is not None and await shelf.add(
            name_value(key), encode(value), check_timeout(timeout)
        )

    async def delete(self, key: str) -> bool:
        """Drop what is kept under *key*; tell whether there was something."""
        shelf = find_shelf()
        return shelf is not None and await shelf.delete(name_value(key))

    async def forget(self, *tags: str) -> None:
        """Drop all that has one of the tags."""
        if shelf := find_shelf():
            for tag in tags:
                await shelf.forget(tag)

    # --- views and functions ---

    def cached(
        self,
        timeout: float = TIMEOUT,
        key: str | None = None,
        *,
        tags: Iterable[str] = (),
        visible_to: Sight = Sight.ASKER,
    ) -> Callable[[View], View]:
        """Keep answers of a view by address, or by *key*: `{name}` is an argument of the view."""
        check_timeout(timeout)
        if visible_to is Sight.USER:
            raise ValueError("A page may have a form, which works in one browser: say ASKER.")

        def decorate(view: View) -> View:
            @wraps(view)
            async def answer(*args: Any, **kwargs: Any) -> Any:
                async def make() -> tuple[Response, bytes | None]:
                    response = await make_response(await view(*args, **kwargs))
                    return cast(Response, response), freeze(cast(Response, response))

                shelf = find_shelf()
                if shelf is None or request.method not in ("GET", "HEAD"):
                    return await view(*args, **kwargs)
                name = request.url if key is None else key.format(**kwargs)
                names = [tag.format(**kwargs) for tag in tags]
                lookup = Lookup(shelf, f"page {name}", timeout, names, visible_to)
                response, data = await lookup.get(make)
                return response or thaw(data or b"")

            return answer

        return decorate

    def memoize(
        self,
        timeout: float = TIMEOUT,
        *,
        tags: Iterable[str] = (),
        visible_to: Sight = Sight.EVERYONE,
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
        """Keep what an async function returns, for each of its arguments."""
        check_timeout(timeout)

        def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
            signature = inspect.signature(function)

            @wraps(function)
            async def call(*args: P.args, **kwargs: P.kwargs) -> T:
                async def make() -> tuple[bytes, bytes]:
                    data = encode(await function(*args, **kwargs))
                    return data, data

                if (shelf := find_shelf()) is None:
                    return cast(T, decode((await make())[0]))
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                place = f"{function.__module__}.{function.__qualname__}"
                name = f"call {place} {write_arguments(bound.arguments)}"
                names = [tag.format(**bound.arguments) for tag in tags]
                lookup = Lookup(shelf, name, timeout, names, visible_to)
                made, kept = await lookup.get(make)
                return cast(T, decode(made or kept or b""))

            return call

        return decorate


def find_shelf() -> Shelf | None:
    shelf: Shelf | None = current_app.extensions.get("cache")
    return shelf


def name_value(key: str) -> str:
    return f"value {key}"


def check_timeout(timeout: float) -> float:
    if not 0 < timeout <= DAY:
        raise ValueError("A timeout is more than nothing, and a day at most.")
    return timeout
