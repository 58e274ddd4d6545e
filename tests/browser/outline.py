"""A page as assistive technology gets to know it, and how wide it is."""

from dataclasses import dataclass
from typing import Any

from tests.browser.chromium import Page

WIDTHS = [320, 390, 820, 1440]  # CSS pixels; the first is what WCAG 2.2 asks for (1.4.10)
NEEDS_NAME = {"button", "link", "navigation", "searchbox", "textbox"}


@dataclass(frozen=True)
class Node:
    role: str
    name: str
    description: str
    is_invalid: bool
    is_focused: bool


async def read_outline(page: Page) -> list[Node]:
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    return [read_node(node) for node in tree["nodes"] if not node["ignored"]]


def read_node(node: dict[str, Any]) -> Node:
    properties = {item["name"]: item["value"].get("value") for item in node["properties"]}
    return Node(
        role=node["role"]["value"],
        name=node["name"]["value"],
        description=node.get("description", {}).get("value", ""),
        is_invalid=properties.get("invalid") == "true",
        is_focused=bool(properties.get("focused")),
    )


async def find_nameless(page: Page) -> list[Node]:
    """Find what can be pressed, filled in or jumped to, and says not what it is."""
    nodes = await read_outline(page)
    return [node for node in nodes if node.role in NEEDS_NAME and not node.name.strip()]


async def read_fields(page: Page) -> list[Node]:
    return [node for node in await read_outline(page) if node.role in ("textbox", "searchbox")]


async def find_overflow(page: Page) -> list[tuple[int, int]]:
    """Find the widths at which *page* has to be scrolled sideways, and what it needs there."""
    found = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 800})
        needed = await page.evaluate("document.documentElement.scrollWidth")
        found += [(width, needed)] if needed > width else []
    return found
