"""Make entities.png of a quartapp without accounts; its set-up link is the one argument."""

import asyncio
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import APIRequestContext, async_playwright

FOLDER = Path(__file__).parent
NAME, PASSWORD = "admin", "only for the picture"
SITES = {
    "Botanical garden": "https://garden.example.org/",
    "City library": "https://library.example.org/catalogue",
    "City library, reading room": "https://rooms.library.example.org/",
    "Concert hall": "https://concerts.example.net/season",
    "Farmers' market": "https://market.example.com/",
    "Harbour ferry": "https://ferry.example.net/timetable",
    "Museum of the river": "https://river.example.org/",
    "Observatory": "https://observatory.example.org/tonight",
    "Swimming pool": "https://pool.example.com/opening-hours",
}


async def add_sites(api: APIRequestContext, token: str) -> None:
    account = {"token": token, "name": NAME, "password": PASSWORD}
    made = await (await api.post("/api/v1/setup", data=account)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    for name, url in SITES.items():
        await api.post("/api/v1/entities", data={"name": name, "url": url}, headers=headers)


async def main(link: str) -> None:
    parts = urlsplit(link)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await chromium.new_page(
            base_url=f"{parts.scheme}://{parts.netloc}", viewport={"width": 1200, "height": 800}
        )
        await add_sites(page.request, parse_qs(parts.query)["token"][0])
        await page.goto("/auth/login")
        await page.get_by_label("User name").fill(NAME)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name="Sites").wait_for()
        await page.screenshot(path=FOLDER / "entities.png")
        await chromium.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
