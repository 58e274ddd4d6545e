"""Passkeys as a browser makes and uses them, with an authenticator that Chromium plays."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.chromium import Tab
from tests.browser.conftest import OpenPage, serve
from tests.browser.hands import Mouse
from tests.browser.outline import find_nameless, find_overflow
from tests.browser.serve_app import ADMIN
from tests.helpers import PASSWORD
from tests.processes import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "tests.browser.serve_app:create_app()"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest_asyncio.fixture(loop_scope="session")
async def tab(open_page: OpenPage) -> AsyncIterator[Tab]:
    """A page on which nothing may go wrong, at a host that may have passkeys."""
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", APP]
    with serve(command, port, DEBUG="false", LOG_LEVEL="CRITICAL"):
        tab = await open_page(base_url=f"http://localhost:{port}")
        yield tab
        assert tab.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def hands(tab: Tab) -> Mouse:
    """The administrator, who gave the password and looks at their passkeys."""
    hands = Mouse(tab.page)
    await tab.page.goto("/auth/login?next=/account/passkeys")
    await hands.fill("User name or e-mail", ADMIN)
    await hands.fill("Password", PASSWORD)
    await hands.press("button", "Sign in")
    await see(hands, "Your passkeys", "You have no passkey.")
    return hands


async def see(hands: Mouse, heading: str, *texts: str) -> None:
    await hands.page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
    for text in texts:
        await hands.page.get_by_text(text).wait_for()


async def plug_in(hands: Mouse, **changes: Any) -> Any:
    """Give the browser an authenticator; return the session that it lives in."""
    session = await hands.page.context.new_cdp_session(hands.page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": {**PHONE, **changes}})
    return session


async def add_passkey(hands: Mouse) -> None:
    await hands.fill("Name", "My phone")
    await hands.press("button", "Add a passkey")
    await see(hands, "Your passkeys", "The passkey My phone was added: you can sign in by it.")


async def sign_out(hands: Mouse) -> None:
    await hands.press("button", f"Sign out {ADMIN}")
    await see(hands, "Sign in")


async def test_passkey_is_made_and_signs_in(hands: Mouse) -> None:
    await plug_in(hands)
    await add_passkey(hands)
    await sign_out(hands)
    await hands.page.goto("/auth/login?next=/account/passkeys")
    await hands.page.get_by_label("Remember me on this device").check()
    await hands.press("button", "Use a passkey")
    await see(hands, "Your passkeys", "last used")
    names = {cookie["name"] for cookie in await hands.page.context.cookies()}
    assert names >= {"quartapp", "remember"}

    await hands.press("button", "Remove My phone")
    await see(hands, "Your passkeys", "You have no passkey.")
    await sign_out(hands)
    await hands.press("button", "Use a passkey")
    await see(hands, "Sign in", "This passkey is not known here")


async def test_device_has_one_passkey_for_an_account(hands: Mouse) -> None:
    await plug_in(hands)
    await add_passkey(hands)
    await hands.fill("Name", "The same phone")
    await hands.page.get_by_role("button", name="Add a passkey").click()
    await see(hands, "Your passkeys", "This device has a passkey of yours already.")
    # At the end: a look at the outline takes the authenticator away.
    assert await find_nameless(hands.page) == []
    assert await find_overflow(hands.page) == []


async def test_device_that_is_not_unlocked_makes_no_passkey(hands: Mouse) -> None:
    await plug_in(hands, isUserVerified=False)
    await hands.fill("Name", "My phone")
    await hands.page.get_by_role("button", name="Add a passkey").click()
    await see(hands, "Your passkeys", "No passkey was used: that was cancelled, or took too long.")
    await hands.page.reload()
    await see(hands, "Your passkeys", "You have no passkey.")


async def test_where_there_are_no_passkeys_none_is_offered(tab: Tab) -> None:
    await tab.page.add_init_script("delete window.PublicKeyCredential")
    await tab.page.goto("/auth/login")
    await see(Mouse(tab.page), "Sign in")
    assert await tab.page.get_by_role("button", name="Use a passkey").count() == 0
