"""Templates without async or threads: none of ours waits, and what could wait costs more."""

from collections.abc import AsyncGenerator
from functools import cached_property
from inspect import isawaitable
from typing import Any

from jinja2 import Template
from quart import Quart, has_request_context, request
from quart.templating import Environment as QuartEnvironment

MOST_ADDRESSES = 3_000  # that are remembered, 2 MB of them


class PlainTemplate(Template):
    """A template that Quart may await, rendered without a stop."""

    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        return self.render(*args, **kwargs)

    async def generate_async(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, object]:
        for part in self.generate(*args, **kwargs):
            yield part


class Environment(QuartEnvironment):
    template_class = PlainTemplate

    def __init__(self, app: Quart, **options: Any) -> None:
        super().__init__(app, **options)
        self.is_async = False  # Quart's says True, whatever the options


class RenderingQuart(Quart):
    jinja_environment = Environment

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known_addresses: dict[tuple[Any, ...], str] = {}

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Return the address of a view; a page asks for the same ones again and again."""
        if not self.may_know_addresses or not has_request_context():
            return super().url_for(endpoint, **values)
        relative = request.blueprint if endpoint.startswith(".") else None
        kinds = tuple(map(type, values.values()))
        key = (endpoint, relative, request.root_path, kinds, *values.items())
        try:
            if (known := self.known_addresses.get(key)) is not None:
                return known
        except TypeError:  # a list among the values
            return super().url_for(endpoint, **values)
        address = super().url_for(endpoint, **values)
        if not address.startswith("/"):
            return address  # one with a host depends on the request
        if len(self.known_addresses) >= MOST_ADDRESSES:
            self.known_addresses.clear()  # of most, such as each new comment's, nobody asks again
        self.known_addresses[key] = address
        return address

    @cached_property
    def may_know_addresses(self) -> bool:
        """Tell whether an address depends on nothing but its values; debug mode sees files change.

        A function of `url_defaults` may read the request, unless it says `is_pure`.
        """
        adding = [one for found in self.url_default_functions.values() for one in found]
        return not self.debug and all(getattr(one, "is_pure", False) for one in adding)

    async def update_template_context(self, *args: Any) -> None:
        """Add what context processors give; Quart calls each that is not async in a thread."""
        context = args[-1]  # Quart 0.23 passes its own context before it
        given = dict(context)
        blueprints = request.blueprints if has_request_context() else []
        for name in (None, *reversed(blueprints)):
            for processor in self.template_context_processors[name]:
                extra: Any = processor()
                context.update(await extra if isawaitable(extra) else extra)
        context.update(given)
