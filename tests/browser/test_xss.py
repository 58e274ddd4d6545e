"""No text that people or watched sites fill in can run script, or is more than text."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import pytest_asyncio

from quartapp.app import QuartApp
from quartapp.models.cell import FORMULA
from tests.browser.chromium import Browser, Page, open_tab
from tests.browser.conftest import serve
from tests.browser.hostile_app import EMAIL, FILLED, HIDDEN
from tests.browser.payloads import PAYLOADS, ROWS, read_marks, write_texts
from tests.browser.watcher import Watcher, find_complaints, note_dialogs
from tests.helpers import PASSWORD
from tests.processes import free_port
from tests.wire import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROW_NUMBERS = range(1, ROWS + 1)
FILE = "/account/data"  # which browsers keep and do not show
MACHINES = ("/api", "/static", "/livez", "/readyz")  # whose answers are no pages
ASKING = [
    *("/nothing/{}", "/entities/{}", "/status/{}", "/admin/users/{}", "/api/v1/docs/{}"),
    *("/entities/?q={}&state={}", "/bugs?q={}&rule={}&state={}", "/bugs/board?q={}&sort={}"),
    *("/tampers?q={}&state={}", "/admin/users?q={}", "/admin/audit?q={}&action={}"),
    *("/auth/login?next={}", "/auth/register?token={}", "/status/?page={}", "/{}"),
]
FORMS = [
    *("/auth/login", "/auth/forgot", "/entities/new", "/entities/s1/bugs/new", "/groups/new"),
    *("/incidents/new", "/maintenances/new", "/admin/invitations/new", "/account/tokens/new"),
    *("/account/channels/webhook", "/entities/s1/tamper", "/entities/s1/usability/edit"),
]
CONTROL = set("\x00\x01\t\x0b\x0c\u202e\u2066")
SEND = """text => {
  const form = document.querySelector("main form[method=post]");
  for (const field of form.querySelectorAll("input:not([type=hidden]), textarea"))
    if (!["checkbox", "radio"].includes(field.type)) { field.type = "text"; field.value = text; }
  form.noValidate = true;
  form.requestSubmit();
}"""


@pytest.fixture(scope="module")
def hostile(chromium: Browser) -> Iterator[str]:
    port = free_port()
    app = "tests.browser.hostile_app:create_app()"
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", app]
    quiet = {"DEBUG": "false", "LOG_LEVEL": "CRITICAL", "RATE_LIMITS": "false", "PER_PAGE": "100"}
    with serve(command, port, **quiet):
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(chromium: Browser, hostile: str) -> Any:
    """What a browser keeps in which the administrator is signed in."""
    page = (await open_tab(chromium, base_url=hostile)).page
    await page.goto("/auth/login")
    await page.get_by_label("User name or e-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Dashboard").wait_for()
    state = await page.context.storage_state()
    await page.context.close()
    return state


@pytest_asyncio.fixture(loop_scope="session")
async def watchers(chromium: Browser, hostile: str, kept: Any) -> AsyncIterator[list[Watcher]]:
    """Two windows that work side by side."""
    tabs = [await open_tab(chromium, base_url=hostile, storage_state=kept) for _ in range(2)]
    for tab in tabs:
        note_dialogs(tab)
    yield [Watcher(tab) for tab in tabs]
    for tab in tabs:
        await tab.page.context.close()


@pytest.fixture
def watcher(watchers: list[Watcher]) -> Watcher:
    return watchers[0]


def list_paths(app: QuartApp, number: int) -> set[str]:
    """Return the address of all that can be asked for of a row."""
    paths = set()
    for rule in app.url_map.iter_rules():
        values = {
            name: "atom" if name == "kind" else f"s{number}" if "slug" in name else number
            for name in rule.arguments
        }
        built = rule.build(values, append_unknown=False)
        if "GET" in (rule.methods or ()) and not rule.websocket and built:
            paths.add(built[1])
    return paths


def list_pages(app: QuartApp, number: int) -> set[str]:
    paths, others = list_paths(app, number), (*MACHINES, FILE)
    return {path for path in paths if not path.startswith(others) and "/feed." not in path}


async def check_all(watchers: list[Watcher], paths: list[str], most: int = 399) -> None:
    left = iter([paths[first : first + 4] for first in range(0, len(paths), 4)])

    async def check(watcher: Watcher) -> None:
        await watcher.open("/account/")
        for few in left:
            await watcher.check(*few, most=most)

    await asyncio.gather(*map(check, watchers))


async def test_pages_show_each_payload_of_each_field_word_by_word(
    watchers: list[Watcher], app: QuartApp
) -> None:
    paths = set[str]().union(*(list_pages(app, number) for number in ROW_NUMBERS))
    await check_all(watchers, sorted(paths))
    shown = watchers[0].seen | watchers[1].seen
    fields = {f"{table}.{name}" for table, names in FILLED.items() for name in names.split()}
    fields |= {"tamper.old", "tamper.new", "tamper.same"}
    # Of what is ignored, there are the payloads only that are patterns.
    wanted = {(one, at) for one in fields - HIDDEN - {"page_watch.ignore"} for at in range(100)}
    assert len(set(PAYLOADS)) == 100
    assert wanted - shown == set()


async def test_nothing_runs_on_pages_that_are_opened(
    watchers: list[Watcher], app: QuartApp
) -> None:
    """Each page of some row, another one for each page."""
    paths = list_pages(app, 1)
    rows = [sorted(list_pages(app, number) - paths) for number in ROW_NUMBERS]
    paths |= {pages[at] for at in range(len(rows[1])) for pages in [rows[1 + at % (ROWS - 1)]]}
    left = iter(sorted(paths))

    async def work(watcher: Watcher) -> None:
        for path in left:
            await watcher.open(path)

    await asyncio.gather(*map(work, watchers))


async def test_addresses_that_are_payloads_run_nothing(watchers: list[Watcher]) -> None:
    texts = [quote(write_texts("asked.text", number), safe="") for number in ROW_NUMBERS]
    await check_all(watchers, [path.replace("{}", text) for path in ASKING for text in texts], 499)
    shown = {number for _, number in watchers[0].seen | watchers[1].seen}
    # What has control characters is refused, and not repeated.
    assert shown >= {at for at in range(100) if is_line(at % ROWS)}


def is_line(first: int) -> bool:
    return not any(set(text) & CONTROL for text in PAYLOADS[first::ROWS])


@pytest.mark.parametrize("path", FORMS)
async def test_forms_give_back_what_was_sent_as_text(watcher: Watcher, path: str) -> None:
    for number in (1, 3):
        await watcher.open(path)
        async with watcher.tab.page.expect_navigation():
            await watcher.tab.page.evaluate(SEND, write_texts("sent.text", number))
        await watcher.check()


@pytest.mark.parametrize("language", ["ru", "zh"])
async def test_translations_run_nothing(
    chromium: Browser, hostile: str, kept: Any, language: str
) -> None:
    tab = await open_tab(chromium, base_url=hostile, storage_state=kept, locale=language)
    note_dialogs(tab)
    watcher = Watcher(tab)
    await watcher.open("/")
    assert await tab.page.evaluate("document.documentElement.lang") == language
    lists = ["/bugs", "/tampers", "/incidents", "/groups", "/maintenances", "/admin/outbox"]
    lists += ["/admin/audit", "/account/tokens", "/account/channels", "/status/", "/admin/users"]
    await watcher.check(*lists, *[f"/entities/s{number}/timeline" for number in ROW_NUMBERS])
    await tab.page.context.close()


# --- answers that are no pages


async def test_badges_that_are_opened_run_nothing(watcher: Watcher) -> None:
    labels = [quote(PAYLOADS[number], safe="") for number in range(0, len(PAYLOADS), 7)]
    paths = [f"badge.svg?label={label}" for label in labels]
    for path in [*paths, "s1/badge.svg", "s16/badge.svg", "groups/s1/badge.svg"]:
        await watcher.tab.page.goto(f"/status/{path}")
        names = "[...new Set([...document.querySelectorAll('*')].map(one => one.localName))]"
        assert await watcher.tab.page.evaluate(names) == ["svg", "title", "rect", "g", "text"]
    assert find_complaints(watcher.tab) == []


@pytest.mark.parametrize("kind", ["atom", "rss"])
async def test_feeds_are_xml_and_their_texts_are_whole(watcher: Watcher, kind: str) -> None:
    seen: set[tuple[str, int]] = set()
    for part in ("", *(f"groups/s{number}/" for number in ROW_NUMBERS)):
        answer = await watcher.tab.page.request.get(f"/status/{part}feed.{kind}")
        assert answer.headers["content-type"] == f"application/{kind}+xml; charset=utf-8"
        for element in ElementTree.fromstring(await answer.body()).iter():
            found, wrong = read_marks(element.text or "")
            assert wrong == []
            seen |= found
    fields = ("entity.name", "incident.title", "incident_note.body", "site_group.name")
    assert seen >= {(one, number) for one in fields for number in range(100)}


async def test_answers_of_the_api_are_no_documents(watcher: Watcher, app: QuartApp) -> None:
    seen: set[tuple[str, int]] = set()
    for path in sorted({*list_paths(app, 1), *list_paths(app, 11)}):
        if not path.startswith(("/api/", FILE)) or path.endswith((".csv", "/live", "/docs")):
            continue
        answer = await watcher.tab.page.request.get(path)
        kind, text = answer.headers["content-type"].partition(";")[0], await answer.text()
        assert kind in ("application/json", "application/problem+json", "application/x-ndjson"), (
            path
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        for line in text.splitlines() if kind.endswith("ndjson") else [text]:
            for said in list_strings(json.loads(line)):
                found, wrong = read_marks(said)
                assert wrong == [], path
                seen |= found
    assert len({one for one, _ in seen}) > 30
    await watcher.tab.page.goto("/api/v1/entities")
    assert await watcher.tab.page.evaluate("document.contentType") == "application/json"
    assert find_complaints(watcher.tab) == []


def list_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from list_strings(part)


@pytest.mark.parametrize("name", ["entities", "bugs", "tampers", "events", "entities/11/outages"])
async def test_cells_of_exports_are_no_formulas(watcher: Watcher, name: str) -> None:
    answer = await watcher.tab.page.request.get(f"/api/v1/{name}.csv")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    cells = [cell for row in csv.reader(io.StringIO(await answer.text())) for cell in row]
    texts = [cell for cell in cells if read_marks(cell)[0]]
    assert texts
    assert [cell for cell in texts if cell.startswith(FORMULA)] == []
    assert [wrong for cell in texts for wrong in read_marks(cell)[1]] == []


# --- what scripts of ours put into pages


async def report_bug(page: Page, site: str, title: str) -> None:
    await page.goto(f"/entities/{site}/bugs/new")
    await page.get_by_label("What is weak").fill(title)
    await page.get_by_role("button", name="Report it").click()
    await page.get_by_text("The bug was reported.").wait_for()


async def test_dashboard_takes_over_texts_only(watchers: list[Watcher]) -> None:
    watcher, other = watchers
    heard: list[str] = []
    page = watcher.tab.page
    page.on("websocket", lambda one: one.on("framereceived", lambda data: heard.append(str(data))))
    await watcher.open("/")
    await until(lambda: '"connected"' in "".join(heard))
    await page.evaluate("document.getElementById('dashboard').firstElementChild.remove()")
    await page.evaluate("document.querySelector('.glances').remove()")
    await report_bug(other.tab.page, "s9", PAYLOADS[28])
    await page.locator(".glances").wait_for()
    await watcher.check()
    assert ("entity.name", 99) in watcher.seen


async def test_card_of_a_payload_is_carried(watcher: Watcher) -> None:
    page, title = watcher.tab.page, PAYLOADS[28]
    await report_bug(page, "s3", title)
    await watcher.open("/bugs/board")
    await page.get_by_role("button", name=f"Carry {title}").first.focus()
    for key in ("Enter", "ArrowRight", "Enter"):
        await page.keyboard.press(key)
    await page.locator("#board-says", has_text="is in the column").wait_for()
    assert title in await page.locator("#board-says").inner_text()
    await watcher.check()


async def test_chart_says_texts_only(watcher: Watcher) -> None:
    await watcher.open("/entities/s3")
    await watcher.tab.page.locator("#chart").focus()
    await watcher.tab.page.keyboard.press("End")
    await watcher.check()
