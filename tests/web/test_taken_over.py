"""What somebody who was in an account keeps of it, once its owner has locked up."""

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.models import User
from tests.helpers import PASSWORD, sign_in
from tests.web.test_links import ANN, NEW, VOID, read_mails, send

THIEF = "thief@example.org"


async def change_password(client: QuartClient) -> None:
    form = {"current_password": PASSWORD, "password": NEW}
    assert (await send(client, "/account/password", **form))[0] == 303


async def forget_password(app: Quart, client: QuartClient) -> None:
    assert (await send(client, "/auth/forgot", name="ann"))[0] == 202
    ((_, _, link),) = await read_mails(app)
    assert (await send(client, link, password=NEW))[0] == 303


@pytest.mark.parametrize("way", ["changed", "reset"])
async def test_new_password_voids_the_link_that_would_move_the_account(
    app: Quart, ann: User, way: str
) -> None:
    thief, owner = [await sign_in(app.test_client(), "ann") for _ in range(2)]
    assert (await send(thief, "/account/email", email=THIEF))[0] == 202
    ((to, _, link),) = await read_mails(app)
    assert to == THIEF

    await (change_password(owner) if way == "changed" else forget_password(app, app.test_client()))
    status, page = await send(app.test_client(), link)
    assert (status, VOID in page) == (400, True)
    assert (await send(app.test_client(), "/auth/forgot", name="ann"))[0] == 202
    assert [to for to, _, _ in await read_mails(app)] == [ANN]
