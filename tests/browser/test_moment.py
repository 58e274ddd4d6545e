"""Times as a reader in India sees them, by a clock that the test turns."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from quartapp.web.moment import Moment
from tests.browser.chromium import Page
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)  # 01:30 of the next day in India
HOUR = timedelta(hours=1)
READER = {"timezone_id": "Asia/Kolkata", "locale": "en-GB"}
ADD = """
html => {
  const box = document.createElement("div");
  box.innerHTML = html;
  document.querySelector("main").replaceChildren(box);
  box.dispatchEvent(new Event("showtimes", { bubbles: true }));
}
"""
HIDE = """
isHidden => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
DISTANCES = [
    timedelta(seconds=seconds)
    for seconds in (0, 1, 59, 60, 3_599, 3_600, 86_399, 2_592_000, 31_535_999, 70_000_000)
]


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: OpenPage, site: str) -> Page:
    """A page whose clock stands at *NOW* until it is turned."""
    tab = await open_page(base_url=site, **READER)
    await tab.page.clock.install(time=NOW - HOUR)
    await tab.page.goto("/status/")
    await tab.page.clock.pause_at(NOW)
    return tab.page


async def show(page: Page, times: Iterable[str]) -> list[str]:
    """Put *times* on the page, and return what it makes of them."""
    await page.evaluate(ADD, "".join(times))
    return await page.locator("time").all_inner_texts()


async def read(page: Page) -> list[str]:
    return await page.locator("time").all_inner_texts()


def drop_joints(text: str) -> str:
    """Leave out what stands between a day and an hour: browsers of different years disagree."""
    return re.sub(r",| at\b", "", text).replace("\u202f", " ")


async def test_page_shows_the_zone_of_its_reader(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    tab = await open_page(base_url=site, storage_state=signed_in, **READER)
    await tab.page.goto("/account/sessions")
    seen, made = tab.page.locator("time").nth(0), tab.page.locator("time").nth(1)
    await made.get_by_text("GMT+5:30").wait_for()

    at = datetime.fromisoformat(str(await made.get_attribute("datetime")))
    there = at + 5.5 * HOUR
    assert f"{there.year}, {there:%H:%M} GMT+5:30" in await made.inner_text()
    assert await made.get_attribute("title") == f"{at:%Y-%m-%d %H:%M} UTC"
    assert re.fullmatch(r"now|\d+ (second|minute)s? ago", await seen.inner_text())
    assert "GMT+5:30" in str(await seen.get_attribute("title"))
    assert tab.complaints == []


async def test_without_script_it_says_utc(
    open_page: OpenPage, site: str, signed_in: dict[str, Any]
) -> None:
    options = {"storage_state": signed_in, "java_script_enabled": False, **READER}
    tab = await open_page(base_url=site, **options)
    await tab.page.goto("/account/sessions")
    seen, made = await read(tab.page)
    assert re.fullmatch(r"now|\d+ (second|minute)s? ago", seen)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", made)


async def test_formats_are_those_of_the_reader(page: Page) -> None:
    formats = ["", "L", "LL", "LLL", "LLLL", "LT", "LTS", "l", "ll", "lll", "llll"]
    shown = await show(page, [Moment(NOW).format(fmt) for fmt in formats])
    assert [drop_joints(text) for text in shown] == [
        "2 Jul 2026 01:30 GMT+5:30",
        "02/07/2026",
        "2 July 2026",
        "2 July 2026 01:30",
        "Thursday 2 July 2026 01:30",
        "01:30",
        "01:30:00",
        "02/07/2026",
        "2 Jul 2026",
        "2 Jul 2026 01:30",
        "Thu 2 Jul 2026 1:30",
    ]


async def test_calendar_knows_the_days_of_the_reader(page: Page) -> None:
    hours = [-2, 0, 23, 47, -48]  # tomorrow begins 22.5 hours later
    shown = await show(page, [Moment(NOW + hour * HOUR).calendar() for hour in hours])
    assert [drop_joints(text) for text in shown] == [
        "yesterday 23:30",
        "today 01:30",
        "tomorrow 00:30",
        "4 July 2026 00:30",
        "30 June 2026 01:30",
    ]


async def test_script_counts_as_the_server_does(page: Page) -> None:
    times = [
        write(NOW)
        for distance in DISTANCES
        for moment in (Moment(NOW - distance), Moment(NOW + distance))
        for write in (moment.fromTime, moment.toTime, lambda at, m=moment: m.fromTime(at, True))
    ]
    assert await show(page, times) == [time.striptags() for time in times]


async def test_relative_time_stays_true(page: Page) -> None:
    moments = [Moment(NOW - 3 * HOUR / 60), Moment(NOW)]
    times = [m.fromNow() for m in moments] + [moments[0].fromNow(refresh=False)]
    assert await show(page, times) == ["3 minutes ago", "now", "3 minutes ago"]
    await page.clock.run_for(20_000)
    assert await read(page) == ["3 minutes ago", "20 seconds ago", "3 minutes ago"]
    await page.clock.run_for(220_000)
    assert await read(page) == ["7 minutes ago", "4 minutes ago", "3 minutes ago"]


async def test_hidden_page_rests_until_it_is_seen(page: Page) -> None:
    await show(page, [Moment(NOW).fromNow(no_suffix=True), Moment(NOW).toNow()])
    await page.evaluate(HIDE, True)
    await page.clock.run_for(120_000)
    assert await read(page) == ["0 seconds", "now"]
    await page.evaluate(HIDE, False)
    assert await read(page) == ["2 minutes", "in 2 minutes"]
    await page.clock.run_for(60_000)
    assert await read(page) == ["3 minutes", "in 3 minutes"]


async def test_reader_of_another_language_gets_the_one_of_the_page(
    open_page: OpenPage, site: str
) -> None:
    tab = await open_page(base_url=site, timezone_id="Europe/Berlin", locale="de-DE")
    await tab.page.goto("/status/")
    shown = await show(tab.page, [Moment(NOW).format("LL"), Moment(NOW).format()])
    assert [drop_joints(text) for text in shown] == ["July 1 2026", "Jul 1 2026 10:00 PM GMT+2"]


async def test_day_has_no_zone(page: Page) -> None:
    assert await show(page, ['<time datetime="2026-07-01">2026-07-01</time>']) == ["2026-07-01"]
