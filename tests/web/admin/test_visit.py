import re
from datetime import timedelta

from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.visit import VisitKey
from quartapp.services.visit import add_visits
from quartapp.web.admin.visit import draw_bars
from tests.web.test_account import read

ROW = re.compile(
    r'<th scope="row">(.*?)</th>\s*<td>(\d+)</td>\s*<td>(\d+)</td>'
    r'\s*<td>.*?<path d="(.*?)".*?</td>\s*<td>(\d+)</td>\s*<td>(\d+)</td>'
)


async def test_pages_of_30_days_are_told_the_most_visited_first(
    app: Quart, browser: QuartClient
) -> None:
    today = utcnow().date()
    async with app.app_context(), db.begin() as session:
        first = today - timedelta(days=29)
        counts = {
            VisitKey(today, "/sites/<slug>", "2xx"): 2,
            VisitKey(first, "/sites/<slug>", "2xx"): 4,
            VisitKey(first - timedelta(days=1), "/sites/<slug>", "2xx"): 99,
            VisitKey(today, "/sites/", "3xx"): 5,
            VisitKey(today, "", "4xx"): 6,
        }
        await add_visits(session, counts)
    status, page = await read(browser, "/admin/visits")
    bars = "M0 20v-20h3v20zM116 20v-10h3v10z"
    assert (status, ROW.findall(page)) == (
        200,
        [
            ("All pages", "6", "2", bars, "5", "6"),
            ("/sites/&lt;slug&gt;", "6", "2", bars, "0", "0"),
            ("Addresses that are none of ours", "0", "0", "", "0", "6"),
            ("/sites/", "0", "0", "", "5", "0"),
        ],
    )
    days = re.findall(r'<th scope="row">([\d-]+)</th><td>(\d+)</td>', page)
    assert (len(days), days[0], days[-1]) == (30, (f"{today}", "2"), (f"{first}", "4"))
    assert "COUNT_VISITS is off" in page


def test_bar_is_seen_however_low_it_is() -> None:
    assert draw_bars([0, 1000, 1]) == "M4 20v-20h3v20zM8 20v-1h3v1z"
    assert draw_bars([]) == ""
