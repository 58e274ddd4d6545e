"""Two ways to use a page: with a mouse, and with a keyboard alone."""

from tests.browser.chromium import Locator, Page

MAX_STEPS = 60  # from one end of a page to the other


class Mouse:
    """Points at what it wants."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def reach(self, target: Locator) -> None:
        await target.click()

    async def press(self, role: str, name: str) -> None:
        """Press a link or a button, and wait for the page that follows."""
        async with self.page.expect_navigation():
            await self.reach(self.page.get_by_role(role, name=name, exact=True))

    async def fill(self, label: str, text: str) -> None:
        await self.reach(self.page.get_by_label(label, exact=True))
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)


class Keyboard(Mouse):
    """Goes from one thing to the next until it is where it wants to be."""

    async def reach(self, target: Locator) -> None:
        for _ in range(MAX_STEPS):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{MAX_STEPS} times Tab do not lead to {target}.")

    async def press(self, role: str, name: str) -> None:
        await self.reach(self.page.get_by_role(role, name=name, exact=True))
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")
