"""What axe-core says of each page: https://github.com/dequelabs/axe-core."""

from importlib.resources import files

import pytest

from tests.browser.chromium import Tab
from tests.browser.pages import PAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RUN = """async () => (await axe.run()).violations
  .filter(({impact}) => ["serious", "critical"].includes(impact))
  .map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target.join(" ")).join(", ")}`)"""
LOOKS = [("light", 1440), ("dark", 390)]


@pytest.mark.parametrize("scripts", [True], ids=["scripts"])
@pytest.mark.parametrize(("who", "path", "status"), PAGES)
async def test_nothing_on_a_page_shuts_people_out(tab: Tab, path: str, status: int) -> None:
    assert (await tab.page.goto(path)).status == status
    await tab.page.evaluate(AXE)
    for scheme, width in LOOKS:
        await tab.page.emulate_media(color_scheme=scheme)
        await tab.page.set_viewport_size({"width": width, "height": 800})
        assert await tab.page.evaluate(RUN) == []
