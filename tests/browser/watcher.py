"""A window that notes what ran or went wrong in it, and which payloads it has shown."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab
from tests.browser.payloads import read_marks

SCAN = Path(__file__).with_name("scan.js").read_text()
EXPECTED = (
    "error: Failed to load resource: the server responded with",
    "warning: The specified value ",
)


@dataclass
class Watcher:
    """A window, what ran or went wrong in it, and which texts were shown there."""

    tab: Tab
    seen: set[tuple[str, int]] = field(default_factory=set)

    async def open(self, path: str) -> None:
        await self.tab.page.goto(path)
        await self.check()

    async def check(self, *paths: str, most: int = 399) -> None:
        """Check the page that is open, and what browsers would make of others."""
        for page in await self.tab.page.evaluate(SCAN, paths):
            for text in page["texts"]:
                seen, wrong = read_marks(text)
                self.seen |= seen
                page["found"] += wrong
            assert page["found"] == [], page["path"]
            assert page["status"] <= most, page["path"]
        assert find_complaints(self.tab) == [], self.tab.page.url


def find_complaints(tab: Tab) -> list[str]:
    """Return all but that an answer has its status, and that a text is no date or number."""
    return [one for one in tab.complaints if not one.startswith(EXPECTED)]


def note_dialogs(tab: Tab) -> None:
    async def note(dialog: Any) -> None:
        tab.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    tab.page.on("dialog", note)
