"""Each page at each width, in light and dark, with and without JavaScript."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Page, Tab
from tests.processes import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = Path(__file__).with_name("look.js").read_text()
WIDTHS = [320, 390, 820, 1440]
SCHEMES = ["light", "dark"]
FULL = "/entities/a-" + "donaudampfschifffahrtsgesellschaft" * 3  # the site with long texts
STRANGER = ["/auth/login", "/auth/login?next=/entities/new", "/auth/setup?token=wrong"]
SIGNED_IN = {
    "/entities/": 200,
    "/entities/?page=2": 200,
    "/entities/?q=site": 200,
    "/entities/?q=no-such": 200,
    "/entities/new": 200,
    FULL: 200,
    f"{FULL}?page=2": 200,
    f"{FULL}/edit": 200,
    f"{FULL}/remove": 200,
    "/entities/nothing": 404,
    "/nothing": 404,
    "/fail/403": 403,
    "/fail/500": 500,
    "/fail/503": 503,
}
DOCS = "/api/v1/docs"
PAGES = [*((path, None, 200) for path in STRANGER), *((p, "admin", s) for p, s in SIGNED_IN.items())]
OpenPage = Callable[..., Awaitable[Tab]]


@pytest.fixture
def options(site: Server, cookies: dict[str, Any], who: str | None) -> dict[str, Any]:
    return {"base_url": site.url, "storage_state": cookies if who else None}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize(("path", "who", "status"), [*PAGES, (DOCS, None, 200)])
async def test_page_fits_and_causes_no_complaint(
    open_page: OpenPage, options: dict[str, Any], scripts: bool, path: str, status: int
) -> None:
    tab = await open_page(java_script_enabled=scripts, **options)
    response = await tab.page.goto(path)
    assert (response.status, tab.page.url.endswith(path)) == (status, True)

    assert [size async for size in find_overflow(tab.page)] == []
    assert tab.complaints == []


async def find_overflow(page: Page) -> Any:
    for width in WIDTHS:
        for scheme in SCHEMES:
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme=scheme)
            needed = await page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                yield width, scheme, needed


@pytest.mark.parametrize(("path", "who", "status"), PAGES)
async def test_page_is_well_made_and_readable(
    open_page: OpenPage, options: dict[str, Any], path: str, status: int
) -> None:
    tab = await open_page(**options, viewport={"width": 390, "height": 800})
    await tab.page.goto(path)
    backgrounds = []
    for scheme in SCHEMES:
        await tab.page.emulate_media(color_scheme=scheme)
        look = await tab.page.evaluate(LOOK)
        backgrounds.append(look.pop("background"))
        title = look.pop("title")
        assert look == {
            "lang": "en", "h1": 1, "main": 1, "header": 1, "styled": 0, "pale": [], "tiny": [],
        }
        assert title.endswith(" · quartapp")
        assert len(title) > len(" · quartapp")
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]
    assert await find_nameless(tab.page) == []


async def find_nameless(page: Page) -> list[str]:
    """Find what can be pressed or filled in, and landmarks of a repeated kind, without a name."""
    nodes = await read_tree(page)
    asking = {"button", "link", "textbox", "searchbox", "navigation"}
    return [role for role, name, _ in nodes if role in asking and not name.strip()]


async def read_tree(page: Page) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what assistive technology gets to know: role, name and the rest of each node."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    return [read_node(node) for node in tree["nodes"] if not node["ignored"]]


def read_node(node: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    rest = {item["name"]: item["value"].get("value") for item in node.get("properties", [])}
    rest["description"] = node.get("description", {}).get("value", "")
    return node["role"]["value"], node.get("name", {}).get("value", ""), rest


@pytest.mark.parametrize(
    ("path", "who", "wrong", "right", "button", "message"),
    [
        ("/auth/login", None, {"Password": "wrong"}, {"User name": "admin"}, "Sign in",
         "Unknown name or wrong password."),
        ("/auth/setup?token=wrong", None, {"User name": "\u202eadmin"}, {"Password": "x" * 15},
         "Make the administrator", "Line breaks and direction marks are not allowed."),
        ("/entities/new", "admin", {"Address": "ftp://example.org"}, {"Name": "New"},
         "Add the site", "An address starts with http:// or https://, and a host follows."),
        (f"{FULL}/edit", "admin", {"Name": "Site 01"}, {}, "Save", "The name 'Site 01' is taken."),
        (FULL, "admin", {"Comment": "  "}, {}, "Add the comment", "This field is required."),
    ],
)
async def test_what_is_wrong_is_focused_and_read_out(
    open_page: OpenPage,
    options: dict[str, Any],
    path: str,
    wrong: dict[str, str],
    right: dict[str, str],
    button: str,
    message: str,
) -> None:
    tab = await open_page(**options)
    page = tab.page
    await page.goto(path)
    for label, text in {**right, **wrong}.items():
        await page.get_by_label(label).fill(text)
    await page.get_by_role("button", name=button).click()
    await page.get_by_text(message).wait_for()

    assert (await page.title()).startswith("Error: ")
    fields = [node for node in await read_tree(page) if node[0] == "textbox"]
    invalid = {name for name, (_, _, rest) in ((n[1], n) for n in fields) if rest["invalid"] == "true"}
    focused = {name: rest["description"] for _, name, rest in fields if rest.get("focused")}
    assert invalid == set(focused) == set(wrong)
    assert message in focused.popitem()[1]
    assert tab.complaints == []
