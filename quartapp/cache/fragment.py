"""`{% cache 60, "key" %}…{% endcache %}`: a part of a page that is rendered now and then."""

from collections.abc import Callable
from typing import Any

from jinja2.ext import Extension
from jinja2.nodes import CallBlock, Expr, Node
from jinja2.parser import Parser
from markupsafe import Markup
from quart import current_app

from quartapp.cache.codec import write_arguments
from quartapp.cache.shelf import Shelf, name_entry
from quartapp.cache.sight import Sight, is_personal, name_reader, seen_by


class CacheExtension(Extension):
    """Keep what the block renders, in this process: a template waits for no Redis."""

    tags = {"cache"}

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        arguments: list[Expr] = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            arguments.append(parser.parse_expression())
        body = parser.parse_statements(("name:endcache",), drop_needle=True)
        call = self.call_method("render_part", arguments)
        return CallBlock(call, [], [], body).set_lineno(line)

    def render_part(self, timeout: float, *keys: Any, caller: Callable[[], str]) -> str:
        shelf: Shelf | None = current_app.extensions.get("cache")
        sight, names = split_sight(keys)
        if shelf is None or is_personal(sight):
            return caller()
        key = name_entry(f"part {write_arguments({'keys': names})} {name_reader(sight)}")
        data = shelf.local.find(key)
        shelf.count(is_hit=data is not None)
        if data is not None:
            return Markup(data.decode())  # noqa: S704  # as it was rendered
        with seen_by(sight):
            text = caller()
        if not is_personal(sight):
            shelf.local.put(key, text.encode(), timeout)
        return text


def split_sight(keys: tuple[Any, ...]) -> tuple[Sight, list[Any]]:
    """Take whom the part is for, the last of *keys* if it says so; else it is the asker's."""
    if isinstance(keys[-1], Sight):
        return keys[-1], list(keys[:-1])
    return Sight.ASKER, list(keys)
