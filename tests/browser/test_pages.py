"""Each page at each width, in light and dark, with and without JavaScript."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.chromium import Browser, Tab, open_tab
from tests.browser.outline import find_nameless, find_overflow, read_fields
from tests.browser.serve_app import FULL

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = Path(__file__).with_name("look.js").read_text()
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}
ONE_EACH = {"lang": "en", "h1": 1, "main": 1, "header": 1}
GOOD = {**ONE_EACH, "twice": [], "inline": 0, "pale": [], "tiny": []}
PAGES = [
    ("stranger", "/auth/login", 200),
    ("stranger", "/auth/join", 200),
    ("stranger", "/auth/register?token=wrong", 200),
    ("stranger", "/auth/forgot", 200),
    ("stranger", "/auth/reset?token=wrong", 200),
    ("stranger", "/auth/confirm-email?token=wrong", 200),
    ("stranger", "/status/", 200),
    ("stranger", "/auth/login?next=/entities/new", 200),
    ("stranger", "/auth/setup?token=wrong", 200),
    ("admin", "/account/", 200),
    ("admin", "/account/passkeys", 200),
    ("admin", "/account/password", 200),
    ("admin", "/account/email", 200),
    ("admin", "/account/remove", 200),
    ("admin", "/account/second-factor", 200),
    ("admin", "/account/second-factor/new", 200),
    ("admin", "/account/second-factor/remove", 200),
    ("admin", "/account/sessions", 200),
    ("admin", "/account/tokens", 200),
    ("admin", "/account/tokens/new", 200),
    ("admin", "/admin/users", 200),
    ("admin", "/admin/users?q=no-such", 200),
    ("admin", "/admin/users/1", 200),
    ("admin", "/admin/invitations", 200),
    ("admin", "/admin/invitations/new", 200),
    ("admin", "/admin/outbox", 200),
    ("admin", "/admin/outbox?state=failed", 200),
    ("admin", "/admin/audit", 200),
    ("admin", "/auth/confirm", 200),
    ("admin", "/", 200),
    ("admin", "/entities/", 200),
    ("admin", "/entities/?page=2", 200),
    ("admin", "/entities/?q=site", 200),
    ("admin", "/entities/?q=no-such", 200),
    ("admin", "/entities/?state=new&state=up&q=site", 200),
    ("admin", "/entities/new", 200),
    ("admin", f"/entities/{FULL}", 200),
    ("admin", f"/entities/{FULL}?page=2", 200),
    ("admin", f"/entities/{FULL}?span=year&topic=comment", 200),
    ("admin", f"/entities/{FULL}/timeline?topic=bug", 200),
    ("admin", f"/entities/{FULL}/comments/1/edit", 200),
    ("admin", f"/entities/{FULL}/comments/1/remove", 200),
    ("admin", f"/entities/{FULL}/edit", 200),
    ("admin", f"/entities/{FULL}/remove", 200),
    ("admin", f"/entities/{FULL}/usability", 200),
    ("admin", f"/entities/{FULL}/usability/edit", 200),
    ("admin", f"/entities/{FULL}/bugs", 200),
    ("admin", f"/entities/{FULL}/bugs/new", 200),
    ("admin", "/bugs", 200),
    ("admin", "/bugs?page=2&state=any", 200),
    ("admin", "/bugs?rule=hsts-missing&severity=low&mine=1&overdue=1", 200),
    ("admin", "/bugs/board", 200),
    ("admin", "/bugs/board?q=no-such&mine=1&sort=due", 200),
    ("admin", "/bugs/1", 200),
    ("admin", "/bugs/2", 200),
    ("admin", "/bugs/rules", 200),
    ("admin", "/tampers", 200),
    ("admin", "/tampers/1", 200),
    ("admin", "/tampers/1?view=side", 200),
    ("admin", "/tampers?state=incident&q=site", 200),
    ("admin", f"/entities/{FULL}/maintenances/new", 200),
    ("admin", "/maintenances", 200),
    ("admin", "/maintenances/new", 200),
    ("admin", "/groups", 200),
    ("admin", "/groups/new", 200),
    ("admin", "/incidents", 200),
    ("admin", "/incidents/new", 200),
    ("admin", "/entities/nothing", 404),
    ("admin", "/nothing", 404),
    ("admin", "/fail/403", 403),
    ("admin", "/fail/500", 500),
    ("admin", "/fail/503", 503),
]
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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tabs(
    chromium: Browser, site: str, signed_in: dict[str, Any]
) -> AsyncIterator[dict[tuple[str, bool], Tab]]:
    """A page for each visitor: a stranger and an administrator, with and without scripts."""
    opened = {
        (who, scripts): await open_tab(
            chromium,
            base_url=site,
            storage_state=signed_in if who == "admin" else None,
            java_script_enabled=scripts,
        )
        for who in ("stranger", "admin")
        for scripts in (True, False)
    }
    yield opened
    for tab in opened.values():
        await tab.page.context.close()


@pytest.fixture
def tab(tabs: dict[tuple[str, bool], Tab], who: str, scripts: bool) -> Tab:
    tabs[who, scripts].complaints.clear()
    return tabs[who, scripts]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "none"])
@pytest.mark.parametrize(("who", "path", "status"), PAGES)
async def test_page_is_sound(tab: Tab, path: str, status: int) -> None:
    response = await tab.page.goto(path)
    assert (response.status, tab.page.url.endswith(path)) == (status, True)
    assert re.fullmatch(r"\S.* · quartapp", await tab.page.title())
    for scheme, background in BACKGROUNDS.items():
        await tab.page.emulate_media(color_scheme=scheme)
        assert await tab.page.evaluate(LOOK) == {**GOOD, "background": background}
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
