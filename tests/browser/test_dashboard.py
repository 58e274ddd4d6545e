"""A dashboard that stays open: it tells what happens by itself, and comes back with the server."""

import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Page
from tests.browser.conftest import QUESTION, OpenPage
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import IMPORTS, Program, free_port, make_folder, running, says
from tests.wire import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def report_bug(page: Page, site: str) -> None:
    await page.goto(f"/entities/{site}/bugs/new")
    await page.get_by_label("What is weak").fill(f"Seen while {site} is watched")
    await page.get_by_role("button", name="Report it").click()
    await page.get_by_text("The bug was reported.").wait_for()


async def test_what_happens_is_told_by_the_socket_and_shown_without_a_reload(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    heard: list[str] = []

    def note(frame: Any) -> None:
        heard.append(str(frame))

    tab.page.on("websocket", lambda socket: socket.on("framereceived", note))
    await tab.page.goto("/")
    await until(lambda: '"connected"' in "".join(heard))
    await tab.page.evaluate("document.body.dataset.stayed = 'yes'")
    other = await open_page(base_url=site, storage_state=signed_in)
    await report_bug(other.page, "site-07")
    row = tab.page.locator(".glances li", has_text="Site 07")
    await row.get_by_role("link", name="1 bug").wait_for()

    await until(lambda: '"bug.opened"' in "".join(heard))
    assert await tab.page.evaluate("document.body.dataset.stayed") == "yes"
    assert tab.complaints == other.complaints == []


@pytest.mark.parametrize("path", ["/", "/bugs/board", "/account/"])
async def test_bar_begins_and_ends_where_the_page_does(
    open_page: OpenPage, site: str, signed_in: dict[str, Any], path: str
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    for width in (390, 1000, 1600):
        await tab.page.set_viewport_size({"width": width, "height": 900})
        await tab.page.goto(path)
        brand = await tab.page.locator(".brand").bounding_box()
        title = await tab.page.locator("h1").bounding_box()

        assert brand
        assert title
        assert (width, brand["x"]) == (width, title["x"])


async def test_state_stays_beside_the_name_on_a_phone(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in)
    await tab.page.set_viewport_size({"width": 390, "height": 844})
    await report_bug(tab.page, "site-08")
    await tab.page.goto("/")
    row = tab.page.locator(".glances li", has_text="Site 08")
    await row.get_by_role("link", name="1 bug").wait_for()

    name = await row.locator("a").first.bounding_box()
    state = await row.locator(".state").bounding_box()

    assert name
    assert state
    assert name["x"] < state["x"]
    assert abs(name["y"] + name["height"] / 2 - state["y"] - state["height"] / 2) < 2


def start(folder: Path, name: str, port: int) -> AbstractContextManager[Program]:
    """Run the application on a database that outlives it."""
    (folder / name).mkdir()
    app = "tests.browser.serve_app:create_app()"
    command = [sys.executable, "-m", "hypercorn", "-w", "0", "--bind", f"127.0.0.1:{port}", app]
    database = f"sqlite:///{folder}/kept.db"
    env = {**IMPORTS, "INSTANCE_PATH": str(folder / name), "DATABASE_URL": database}
    env |= {"SECRET_KEY": "a key that outlives the server, too", "LOG_LEVEL": "CRITICAL"}
    return running(folder / name, command, lambda: says(port, QUESTION, b" 200 "), env=env)


async def test_dashboard_comes_back_with_the_server(open_page: OpenPage) -> None:
    port = free_port()
    tab, other = [await open_page(base_url=f"http://127.0.0.1:{port}") for _ in range(2)]
    with make_folder() as folder:
        with start(folder, "first", port):
            for page in (tab.page, other.page):
                await sign_in(page)
            await tab.page.evaluate("document.body.dataset.stayed = 'yes'")
        await tab.page.get_by_text("The server cannot be reached").wait_for()
        with start(folder, "second", port):
            await tab.page.get_by_text("The server cannot be reached").wait_for(state="hidden")
            await report_bug(other.page, "site-03")
            row = tab.page.locator(".glances li", has_text="Site 03")
            await row.get_by_role("link", name="1 bug").wait_for()
            assert await tab.page.evaluate("document.body.dataset.stayed") == "yes"


async def sign_in(page: Page) -> None:
    await page.goto("/")
    await page.get_by_label("User name or e-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Dashboard").wait_for()
    await page.wait_for_load_state()  # the heading can be there before the scripts


async def test_server_that_hangs_is_away_until_it_goes_on(open_page: OpenPage) -> None:
    port = free_port()
    tab = await open_page(base_url=f"http://127.0.0.1:{port}")
    with make_folder() as folder, start(folder, "only", port) as program:
        await sign_in(tab.page)
        program.send(signal.SIGSTOP)
        try:
            await tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            await tab.page.get_by_text("The server cannot be reached").wait_for()
        finally:
            program.send(signal.SIGCONT)
        await tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await tab.page.get_by_text("The server cannot be reached").wait_for(state="hidden")
