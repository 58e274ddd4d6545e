import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.chromium import Browser, Tab, open_tab, start_chromium
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import IMPORTS, Command, Program, free_port, make_folder, running, says

QUESTION = b"GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
OpenPage = Callable[..., Awaitable[Tab]]


@contextmanager
def serve(command: Command, port: int, **settings: str) -> Iterator[Program]:
    """Run the application on a database of its own, as a program of its own."""
    with make_folder() as folder:
        env = {**IMPORTS, "INSTANCE_PATH": str(folder), **settings}
        with running(folder, command, lambda: says(port, QUESTION, b" 200 "), env=env) as program:
            yield program


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with start_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def site(chromium: Browser) -> Iterator[str]:
    """The application with 25 sites, and pages that fail; as in production, no traceback."""
    port = free_port()
    app = "tests.browser.serve_app:create_app()"
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", app]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser) -> AsyncIterator[OpenPage]:
    """Open a page in a window of its own: `open_page(base_url=…)`."""
    opened: list[Tab] = []

    async def open_page(**options: Any) -> Tab:
        opened.append(await open_tab(chromium, **options))
        return opened[-1]

    yield open_page
    for tab in opened:
        await tab.page.context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signed_in(chromium: Browser, site: str) -> dict[str, Any]:
    """What a browser keeps in which the administrator is signed in at *site*."""
    page = (await open_tab(chromium, base_url=site)).page
    await page.goto("/auth/login")
    await page.get_by_label("User name or e-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Dashboard").wait_for()
    state = await page.context.storage_state()
    await page.context.close()
    return dict(state)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tabs(
    chromium: Browser, site: str, signed_in: dict[str, Any]
) -> AsyncIterator[dict[tuple[str, bool], Tab]]:
    """A page for each visitor: a stranger and an administrator, with and without scripts."""
    opened = {
        (who, scripts): await open_tab(
            chromium,
            base_url=site,
            storage_state=signed_in if who == "admin" else None,
            java_script_enabled=scripts,
        )
        for who in ("stranger", "admin")
        for scripts in (True, False)
    }
    yield opened
    for tab in opened.values():
        await tab.page.context.close()


@pytest.fixture
def tab(tabs: dict[tuple[str, bool], Tab], who: str, scripts: bool) -> Tab:
    tabs[who, scripts].complaints.clear()
    return tabs[who, scripts]
