"""Chromium under Playwright, and a record of everything that it complains about."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.servers import note_version, skip_without

try:
    from playwright.async_api import (
        Browser,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        async_playwright,
    )
except ImportError:  # there are systems that it is not made for
    Browser = ConsoleMessage = Locator = Page = Request = Any
    async_playwright = None

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
PATIENCE = 20_000  # ms for a page on a busy machine
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@asynccontextmanager
async def start_chromium() -> AsyncIterator[Browser]:
    """Start the Chromium of this system; skip the test when there is none."""
    path = shutil.which("chromium")
    if async_playwright is None:
        skip_without("chromium", "playwright is not installed")
    if path is None:
        skip_without("chromium", "it is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        note_version("chromium", browser.version)
        yield browser
        await browser.close()


@dataclass
class Tab:
    """One page of a browser, and what went wrong in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self.note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self.note_foreign)

    def note_message(self, message: ConsoleMessage) -> None:
        """Note errors and warnings, but not that a page which tells of a failure has its status."""
        is_status = message.text.startswith("Failed to load resource: the server responded")
        is_document = message.location["url"].partition("#")[0] == self.page.url.partition("#")[0]
        is_icon = message.location["url"].endswith("/favicon.ico")  # of what is no page
        if message.type in ("error", "warning") and not (is_status and (is_document or is_icon)):
            self.complaints.append(f"{message.type}: {message.text}")

    def note_foreign(self, request: Request) -> None:
        asked, home = urlsplit(request.url), urlsplit(request.frame.page.url)
        if asked.scheme not in ("data", "blob") and home.netloc not in ("", asked.netloc):
            self.complaints.append(f"foreign: {request.url}")


async def open_tab(browser: Browser, **options: Any) -> Tab:
    """Open a page in a window that shares nothing with others."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(TELL_VIOLATIONS)
    tab = Tab(await context.new_page())
    tab.listen()
    return tab
