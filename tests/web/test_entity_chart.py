"""The chart on the page of a site: pure drawing, and what stands on the page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.models import Entity, User, utcnow
from quartapp.models.curve import QUARTER, Curve, Reach, Reading
from quartapp.models.uptime import Span
from quartapp.web.entity.chart import Chart, draw_chart, draw_line, draw_outages, find_top
from tests.api.helpers import add_site
from tests.services.history import add_looks, add_outage
from tests.web.bugs import get

START = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "top"),
    [
        ([], 1),
        ([None], 1),
        ([0.0004], 1),
        ([0.001], 1),
        ([0.0011, None], 2),
        ([0.003], 5),
        ([0.006], 10),
        ([0.01], 10),
        ([0.0101], 20),
        ([0.2, 0.05], 200),
        ([0.7], 1000),
        ([20.0], 20_000),
        ([64.0], 100_000),
    ],
)
def test_scale_ends_at_a_round_number(seconds: list[float | None], top: int) -> None:
    assert find_top(seconds) == top


def test_line_breaks_off_where_nobody_looked_and_a_lone_value_is_a_dot() -> None:
    values = [0.1, 0.05, None, 0.0, None, None, 0.025]
    assert draw_line(values, 100) == "M0.5 0h0L1.5 50M3.5 100h0M6.5 75h0"
    assert draw_line([None, None], 100) == ""


def test_outages_are_boxes_inside_the_while_and_wide_enough_to_be_seen() -> None:
    day = Span(START, START + timedelta(hours=24))
    outages = [
        Span(START - timedelta(hours=6), START + timedelta(hours=6)),
        Span(START + timedelta(hours=12), START + timedelta(hours=12, seconds=1)),
        Span(START + timedelta(hours=18), START + timedelta(hours=30)),
    ]
    assert draw_outages(outages, day, 80) == (
        "M0.00 0h20.00v100h-20.00zM40.00 0h0.20v100h-0.20zM60.00 0h20.00v100h-20.00z"
    )


def test_chart_has_both_lines_in_one_scale() -> None:
    while_ = Span(START, START + 2 * QUARTER)
    readings = [Reading(START, 9, 0, 0.05, 0.2), Reading(START + QUARTER, 9, 0, 0.1, 0.1)]
    assert draw_chart(Curve(Reach.DAY, while_, readings, [])) == Chart(
        2, 200, "M0.5 75h0L1.5 50", "M0.5 0h0L1.5 50", ""
    )


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def test_site_that_nobody_looked_at_has_no_chart(browser: QuartClient, site: Entity) -> None:
    page = (await get(browser, "/entities/my-site"))[1]
    assert ("Nothing was measured in this time." in page, "<svg" in page) == (True, False)


@pytest.mark.parametrize(
    ("span", "rows"), [("", 96), ("?span=day", 96), ("?span=week", 168), ("?span=year", 365)]
)
async def test_numbers_stand_in_the_chart_and_in_a_table(
    app: Quart, browser: QuartClient, site: Entity, span: str, rows: int
) -> None:
    now = utcnow()
    async with app.app_context():
        await add_looks(site.id, [now - timedelta(seconds=1)], total=0.25)
        await add_outage(site.id, now - timedelta(hours=5), None)
    page = (await get(browser, f"/entities/my-site{span}"))[1]

    assert re.findall(r"half of the answers within (\d+) ms, 95 % within (\d+) ms", page) == [
        ("250", "250")
    ]
    table = page[page.index('<table id="readings">') :]
    assert table.count('<tr><th scope="row">') == rows
    assert "<td>250 ms</td><td>250 ms</td><td>1</td><td>0</td></tr>" in table
    assert page.count('class="away"') == 1
    current = span.removeprefix("?span=") or "day"
    assert f'span={current}#latency" aria-current="true"' in page


async def test_unknown_span_is_not_found(browser: QuartClient, site: Entity) -> None:
    assert (await get(browser, "/entities/my-site?span=century"))[0] == 404
