"""A person's whole way: invited, signed in by two factors and by a passkey, and gone again."""

import re
import sys
import time
from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio

from tests.browser.chromium import Tab
from tests.browser.conftest import OpenPage, serve
from tests.browser.hands import Mouse
from tests.browser.serve_app import ADMIN
from tests.browser.test_passkey import add_passkey, plug_in, see
from tests.helpers import PASSWORD
from tests.processes import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "tests.browser.serve_app:create_app()"
FIRST, SECOND = "a better horse battery", "the best horse battery"


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APP]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        yield f"http://localhost:{port}"


async def give_password(hands: Mouse, name: str, password: str) -> None:
    await hands.page.goto("/auth/login")
    await hands.fill("User name or e-mail", name)
    await hands.fill("Password", password)
    await hands.press("button", "Sign in")


async def invite(tab: Tab) -> str:
    """Return the path of the link that an administrator is shown."""
    hands = Mouse(tab.page)
    await give_password(hands, ADMIN, PASSWORD)
    await hands.page.goto("/admin/invitations/new")
    await hands.fill("E-mail", "ann@example.org")
    await hands.press("button", "Invite")
    await hands.page.get_by_text("/auth/register?token=").first.wait_for()
    (path,) = set(re.findall(r"/auth/register\?token=[\w-]+", await hands.page.content()))
    return str(path)


async def register(hands: Mouse, path: str) -> None:
    await hands.page.goto(path)
    await hands.fill("User name", "ann")
    await hands.fill("Password", FIRST)
    await hands.press("button", "Make the account")
    await see(hands, "Dashboard", "Welcome, ann.")


async def turn_second_factor_on(hands: Mouse) -> tuple[pyotp.TOTP, list[str]]:
    """Return the app that makes the codes, and the recovery codes."""
    await hands.page.goto("/account/second-factor/new")
    app = pyotp.TOTP(await hands.page.locator("code.secret").inner_text())
    await hands.fill("Code", app.now())
    await hands.press("button", "Turn it on")
    await see(hands, "Your recovery codes")
    return app, await hands.page.locator(".codes code").all_inner_texts()


async def sign_out(hands: Mouse) -> None:
    await hands.press("button", "Sign out ann")
    await see(hands, "Sign in")


async def give_code(hands: Mouse, code: str) -> None:
    await see(hands, "Enter a code")
    await hands.fill("Code", code)
    await hands.press("button", "Sign in")
    await see(hands, "Dashboard")


async def change_password(hands: Mouse) -> None:
    await hands.page.goto("/account/password")
    await hands.fill("Password of today", FIRST)
    await hands.fill("New password", SECOND)
    await hands.press("button", "Change it")
    await see(hands, "Your account", "The password was changed")


async def end_other_session(hands: Mouse) -> None:
    await hands.page.goto("/account/sessions")
    rows = hands.page.locator(".cards li")
    assert await rows.count() == 2
    other = rows.filter(has_not_text="this one")
    await other.get_by_role("button", name="Sign it out").click()
    await see(hands, "Where you are signed in", "The browser was signed out.")
    assert await rows.count() == 1


async def test_whole_way_of_an_account(site: str, open_page: OpenPage) -> None:
    boss, own, other = [await open_page(base_url=site) for _ in range(3)]
    hands, elsewhere = Mouse(own.page), Mouse(other.page)

    await register(hands, await invite(boss))
    app, codes = await turn_second_factor_on(hands)
    await sign_out(hands)
    await give_password(hands, "ann@example.org", FIRST)
    await give_code(hands, app.at(time.time() + 30))

    await plug_in(hands)
    await hands.page.goto("/account/passkeys")
    await add_passkey(hands)
    await sign_out(hands)
    await hands.press("button", "Use a passkey")
    await see(hands, "Dashboard")

    await change_password(hands)
    await give_password(elsewhere, "ann", SECOND)
    await give_code(elsewhere, codes[0])
    await end_other_session(hands)
    await elsewhere.page.goto("/account/")
    await see(elsewhere, "Sign in", "Sign in to see this.")

    await hands.page.goto("/account/remove")
    await hands.press("button", "Remove my account")
    await see(hands, "Sign in", "Your account was removed.")
    await give_password(hands, "ann", SECOND)
    await see(hands, "Sign in", "Unknown name or wrong password.")
    assert [tab.complaints for tab in (boss, own, other)] == [[], [], []]
