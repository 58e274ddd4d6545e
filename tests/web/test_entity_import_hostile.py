"""Files of other programs that nobody's program has written: the page says what is wrong."""

import asyncio
import io
import json
import re
import threading
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from werkzeug.datastructures import FileStorage

from quartapp.extensions import db
from quartapp.services import site_import
from tests.helpers import add_person
from tests.services.test_site_hostile import KUMA_SITE
from tests.web.test_entity_import import count, send, send_lines

REFUSED = "Line 4: Tags are not read."
UNFIT = "Line 2: a: enabled is not as it should be"
ENABLED = {
    "!!bool foo": REFUSED,
    "!!timestamp x": REFUSED,
    "!!int ''": REFUSED,
    "!!float ''": REFUSED,
    "1:" * 200 + "1.5": UNFIT,
    "1:" * 50_000 + "1": UNFIT,
}


@pytest.mark.parametrize("is_file", [False, True])
async def test_strange_values_of_gatus_are_refused_with_their_line(
    app: Quart, browser: QuartClient, is_file: bool
) -> None:
    site = "endpoints:\n  - name: a\n    url: https://a.example/\n    enabled: "
    for value, said in ENABLED.items():
        answer = await send_either(browser, "gatus", "sites.yaml", f"{site}{value}\n", is_file)
        assert (value[:13], answer[0], said in answer[1]) == (value[:13], 422, True)
    assert await count(app) == (0, 0)


@pytest.mark.parametrize("is_file", [False, True])
async def test_endless_intervals_of_uptime_kuma_are_the_nearest_ones(
    app: Quart, browser: QuartClient, is_file: bool
) -> None:
    site = json.loads(KUMA_SITE)
    intervals = {"a": 10**400, "b": -(10**400)}
    text = json.dumps([{**site, "name": name, "interval": s} for name, s in intervals.items()])
    status, page = await send_either(browser, "kuma", "sites.json", text, is_file)

    assert status == 200
    assert re.findall(r"interval \(it is (\d+) s here\)", page) == ["86400", "30"]
    assert await count(app) == (2, 2)


@pytest.mark.parametrize(("rows", "more"), [(100, ""), (101, "1 more value is wrong.")])
async def test_first_hundred_faults_are_shown(
    app: Quart, browser: QuartClient, rows: int, more: str
) -> None:
    shown = [f"Line {line}, name: This is needed." for line in range(2, 102)]
    status, told = await send_lines(browser, make_nameless(rows))

    assert (status, told) == (422, [{"errors": [*shown, *([more] if more else [])]}])
    assert await count(app) == (0, 0)


async def test_page_of_a_file_that_is_wrong_throughout_is_short(
    app: Quart, browser: QuartClient
) -> None:
    status, page = await send_either(browser, "quartapp", "a.csv", make_nameless(5_000), True)

    assert (status, "4900 more values are wrong." in page) == (422, True)
    assert page.count("This is needed.") == 100
    assert len(page) < 50_000
    assert await count(app) == (0, 0)


def make_nameless(rows: int) -> str:
    return "name,url\n" + ",https://example.org/\n" * rows


async def send_either(
    browser: QuartClient, source: str, name: str, text: str, is_file: bool
) -> tuple[int, str]:
    """Send a text as a file, or in its field."""
    file = {"file": FileStorage(io.BytesIO(text.encode()), filename=name)} if is_file else {}
    form = {"source": source}
    status, _, page = await send(browser, "" if is_file else text, form=form, files=file)
    return status, page


async def test_files_are_read_one_after_another_while_others_write(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_free, read = threading.Event(), site_import.check_file
    begun: list[int] = []
    ended: list[int] = []

    def read_slowly(*given: Any) -> Any:
        begun.append(len(ended))
        is_free.wait(20)
        ended.append(len(begun))
        return read(*given)

    monkeypatch.setattr(site_import, "check_file", read_slowly)
    files = [f"name,url\nSite {number},https://example.org/" for number in range(3)]
    sent = [asyncio.create_task(send(browser, text)) for text in files]
    try:
        async with asyncio.timeout(10), app.app_context():
            while not begun:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            async with db.begin() as session:
                await add_person(session, "bob")
    finally:
        is_free.set()
    assert [status for status, _, _ in await asyncio.gather(*sent)] == [303] * 3
    assert (begun, ended) == ([0, 1, 2], [1, 2, 3])
