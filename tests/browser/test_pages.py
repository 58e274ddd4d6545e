"""Each page at each width, in light and dark, with and without JavaScript."""

import re
from pathlib import Path

import pytest

from tests.browser.chromium import Tab
from tests.browser.outline import find_nameless, find_overflow, read_fields
from tests.browser.pages import PAGES
from tests.browser.serve_app import FULL

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = Path(__file__).with_name("look.js").read_text()
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}
ONE_EACH = {"lang": "en", "h1": 1, "main": 1, "header": 1}
GOOD = {**ONE_EACH, "twice": [], "inline": 0, "pale": [], "tiny": []}
WRONG_FORMS = [
    (
        "stranger",
        "/auth/login",
        {"User name or e-mail": "admin", "Password": "wrong"},
        "Sign in",
        {"Password": "Unknown name or wrong password."},
    ),
    (
        "stranger",
        "/auth/setup?token=wrong",
        {"User name": "\u202eadmin", "Password": "x" * 15},
        "Make the administrator",
        {"User name": "Line breaks and direction marks are not allowed."},
    ),
    (
        "admin",
        "/admin/invitations/new",
        {"E-mail": "ann"},
        "Invite",
        {"E-mail": "This is not an e-mail address."},
    ),
    (
        "admin",
        "/entities/new",
        {"Name": "New", "Address": "ftp://example.org"},
        "Add the site",
        {"Address": "An address starts with http:// or https://, and a host follows."},
    ),
    (
        "admin",
        f"/entities/{FULL}/edit",
        {"Name": "Site 01"},
        "Save",
        {"Name": "The name 'Site 01' is taken."},
    ),
    (
        "admin",
        "/bugs/1",
        {"Comment": "  "},
        "Add the comment",
        {"Comment": "This field is required."},
    ),
    (
        "admin",
        f"/entities/{FULL}/bugs/new",
        {"What is weak": " "},
        "Report it",
        {"What is weak": "This field is required."},
    ),
    (
        "admin",
        f"/entities/{FULL}",
        {"Comment": "  "},
        "Add the comment",
        {"Comment": "This field is required."},
    ),
]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
@pytest.mark.parametrize(("who", "path", "status"), PAGES)
async def test_page_is_sound(tab: Tab, path: str, status: int) -> None:
    response = await tab.page.goto(path)
    assert (response.status, tab.page.url.endswith(path)) == (status, True)
    assert re.fullmatch(r"\S.* · quartapp", await tab.page.title())
    for scheme, background in BACKGROUNDS.items():
        await tab.page.emulate_media(color_scheme=scheme)
        good = {**GOOD, "background": background, "header": int(not path.endswith("embed"))}
        assert await tab.page.evaluate(LOOK) == good
    assert await find_nameless(tab.page) == []
    assert await find_overflow(tab.page) == []
    assert tab.complaints == []


@pytest.mark.parametrize("scripts", [True])
@pytest.mark.parametrize(("who", "path", "sent", "button", "wrong"), WRONG_FORMS)
async def test_what_is_wrong_is_focused_and_read_out(
    tab: Tab, path: str, sent: dict[str, str], button: str, wrong: dict[str, str]
) -> None:
    page = tab.page
    await page.goto(path)
    for label, text in sent.items():
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name=button).click()
    await page.get_by_text(*wrong.values()).wait_for()

    fields = await read_fields(page)
    assert (await page.title()).startswith("Error: ")
    assert {field.name for field in fields if field.is_invalid} == set(wrong)
    assert {field.name for field in fields if field.is_focused} == set(wrong)
    for field in fields:
        assert wrong.get(field.name, "") in field.description
    assert await find_overflow(page) == []
    assert tab.complaints == []
