"""The lines of the list of sites: drawn once for all who read the same in the same language."""

from functools import lru_cache
from typing import Any

from markupsafe import Markup
from quart import current_app, request

from quartapp.languages import find_language

MOST = 10_000  # lines that are remembered, a kilobyte each


def draw_site(row: Any) -> Markup:
    """Draw a line of all that it shows of a site; nothing else changes how it looks."""
    shown = row.slug, row.name, row.url, row.state or "new", row.owner_name
    draw = draw_line if current_app.debug else known_line  # templates change while one works
    return draw(find_language(), request.root_path, *shown)


def draw_line(
    _language: str, _root: str, slug: str, name: str, url: str, state: str, owner: str | None
) -> Markup:
    template = current_app.jinja_env.get_template("entity/site.html")
    line = template.render(slug=slug, name=name, url=url, state=state, owner=owner)
    return Markup(line)  # noqa: S704 - what the template has escaped


known_line = lru_cache(maxsize=MOST)(draw_line)
