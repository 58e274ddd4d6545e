"""From the set-up link to a watched site, as somebody does it who starts `quartapp run`."""

import re
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.browser.chromium import Tab
from tests.browser.conftest import OpenPage, serve
from tests.browser.hands import Keyboard, Mouse
from tests.helpers import PASSWORD
from tests.processes import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUN = [sys.executable, "-c", "from quartapp.cli import main; main()", "run", "--no-reload"]


@pytest.fixture
def looks() -> str:
    """Whether the server looks at sites."""
    return "false"


@pytest_asyncio.fixture(loop_scope="session")
async def tab(open_page: OpenPage, looks: str) -> AsyncIterator[Tab]:
    """A page on which nothing may go wrong, at the link that `quartapp run` says."""
    port, settings = free_port(), {"PER_PAGE": "1", "CHECKS_IN_WEB": looks}
    with serve([*RUN, "--port", str(port)], port, **settings) as program:
        (link,) = re.findall(r"http://\S+/auth/setup\?token=\S+", program.output())
        tab = await open_page(base_url=f"http://127.0.0.1:{port}")
        await tab.page.goto(link)
        yield tab
        assert tab.complaints == []


async def test_a_mouse_is_enough(tab: Tab) -> None:
    hands = Mouse(tab.page)
    await set_up(hands)
    await add_site(hands, "Museum")
    await comment(hands, "Museum", "It moved.")
    await sign_out_and_in_again(hands, "museum")


async def test_a_keyboard_is_enough(tab: Tab) -> None:
    hands = Keyboard(tab.page)
    await set_up(hands)
    for name in ("Library", "Museum"):
        await add_site(hands, name)
    await edit(hands)
    await comment(hands, "Zoo", "It moved.", "It is open.")
    await search_and_turn_the_page(hands)
    await remove(hands)
    await sign_out_and_in_again(hands, "library")


@pytest.mark.parametrize("looks", ["true"])
async def test_first_look_at_the_first_site_is_seen_without_a_reload(tab: Tab) -> None:
    hands = Mouse(tab.page)
    await set_up(hands)
    await hands.fill("Name", "This server")
    await hands.fill("Address", await tab.page.evaluate("`${location.origin}/livez`"))
    await hands.press("button", "Add the site")
    await see(hands, "This server", "This server was added.")
    await tab.page.evaluate("document.body.dataset.stayed = 'yes'")
    await tab.page.locator("#overview .state.up").wait_for()

    assert await tab.page.evaluate("document.body.dataset.stayed") == "yes"


async def see(hands: Mouse, heading: str, *texts: str) -> None:
    """Wait for the page with *heading*, then find every one of *texts* on it."""
    await hands.page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
    for text in texts:
        await hands.page.get_by_text(text, exact=True).wait_for()


async def list_names(hands: Mouse) -> list[str]:
    return await hands.page.locator(".cards a").all_inner_texts()


async def set_up(hands: Mouse) -> None:
    await hands.fill("User name", "admin")
    await hands.fill("Password", PASSWORD)
    await hands.press("button", "Make the administrator")
    await see(hands, "Add a site", "Welcome. Now add the first site to watch.")


async def add_site(hands: Mouse, name: str) -> None:
    await hands.press("link", "Sites")
    await hands.press("link", "Add a site")
    await hands.fill("Name", name)
    await hands.fill("Address", f"https://{name.lower()}.example.org/")
    await hands.fill("Description (optional)", f"The {name}.")
    await hands.press("button", "Add the site")
    await see(hands, name, f"{name} was added.", f"The {name}.")


async def edit(hands: Mouse) -> None:
    await hands.press("link", "Edit")
    await see(hands, "Edit Museum")
    await hands.fill("Name", "Zoo")
    await hands.press("button", "Save")
    await see(hands, "Zoo", "Zoo was changed.", "The Museum.")


async def comment(hands: Mouse, name: str, *texts: str) -> None:
    """Comment on a site; each comment is seen at once, though a page shows one."""
    for text in texts:
        await hands.fill("Comment", text)
        await hands.press("button", "Add the comment")
        await see(hands, name, "The comment was added.", text)


async def search_and_turn_the_page(hands: Mouse) -> None:
    await hands.press("link", "Sites")
    await see(hands, "Sites", "2 sites")
    assert await list_names(hands) == ["Library"]
    await hands.fill("Name or address", "zo")
    await hands.press("button", "Search")
    await hands.page.get_by_text("1 site matches “zo”.").wait_for()
    assert await list_names(hands) == ["Zoo"]
    await hands.press("link", "Show all")
    await hands.press("link", "Next")
    assert hands.page.url.endswith("/entities/?page=2")
    assert await list_names(hands) == ["Zoo"]


async def remove(hands: Mouse) -> None:
    await hands.press("link", "Zoo")
    await hands.press("link", "Remove")
    await see(hands, "Remove Zoo?")
    await hands.press("link", "Cancel")
    await see(hands, "Zoo", "It moved.")
    await hands.press("link", "Remove")
    await hands.press("button", "Remove it")
    await see(hands, "Sites", "Zoo was removed.", "1 site")
    assert await list_names(hands) == ["Library"]


async def sign_out_and_in_again(hands: Mouse, slug: str) -> None:
    await hands.press("button", "Sign out admin")
    await see(hands, "Sign in")
    await hands.page.goto(f"/entities/{slug}/edit")
    await see(hands, "Sign in", "Sign in to see this.")
    await hands.fill("User name or e-mail", "admin")
    await hands.fill("Password", PASSWORD)
    await hands.press("button", "Sign in")
    await see(hands, f"Edit {slug.title()}")
