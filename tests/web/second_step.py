"""A browser on its way through the second factor."""

import re

from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import SecondFactor
from tests.helpers import PASSWORD, make_code, read_token

NEW = "/account/second-factor/new"


async def post(client: QuartClient, path: str, page: str, **form: str) -> tuple[int, str]:
    """Send the form that stands on *page*; return the status, and where it leads or the page."""
    token = await read_token(client, page)
    response = await client.post(path, form={"csrf_token": token, **form})
    text = await response.get_data(as_text=True)
    return response.status_code, response.headers.get("Location", text)


async def propose(browser: QuartClient) -> tuple[str, dict[str, str]]:
    """Return the secret that the page shows, and its form without a code."""
    page = await (await browser.get(NEW)).get_data(as_text=True)
    (secret,) = re.findall(r'class="secret">([A-Z2-7]{32})<', page)
    names = ("csrf_token", "sealed")
    form = {name: re.findall(rf'name="{name}"[^>]* value="([^"]+)"', page)[0] for name in names}
    return secret, form


async def turn_on(app: Quart, browser: QuartClient) -> tuple[str, list[str]]:
    """Return the secret, none of whose codes is used, and the recovery codes."""
    secret, form = await propose(browser)
    response = await browser.post(NEW, form={**form, "code": make_code(secret)})
    page = await response.get_data(as_text=True)
    assert response.status_code == 201, page
    async with app.app_context(), db.begin() as session:
        await session.execute(update(SecondFactor).values(last_step=0))
    return secret, read_codes(page)


def read_codes(page: str) -> list[str]:
    return re.findall(r"<code>((?:[a-z2-7]{4}-){5}[a-z2-7]{4})</code>", page)


async def give_password(client: QuartClient, query: str = "", **form: str) -> str:
    """Give the right password; return where that leads."""
    path = f"/auth/login{query}"
    form = {"name": "admin", "password": PASSWORD, **form}
    status, target = await post(client, path, path, **form)
    assert status == 303, target
    return target


async def give_code(client: QuartClient, path: str, code: str) -> tuple[int, str]:
    return await post(client, path, path, code=code)
