from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.session import open_session
from tests.api.helpers import Api
from tests.helpers import add_person, make_bearer


async def test_sessions_are_listed_and_ended(
    app: Quart, api: Api, browser: QuartClient, admin: User
) -> None:
    _, page = await api("GET", "/sessions")
    (row,) = page["items"]
    assert row["address"] == "<local>"

    assert (await api("DELETE", f"/sessions/{row['id']}"))[0] == 204
    assert (await browser.get("/entities/")).status_code == 303
    assert (await api("GET", "/sessions"))[1]["items"] == []


async def test_all_sessions_are_ended_at_once(api: Api, browser: QuartClient, admin: User) -> None:
    assert (await api("DELETE", "/sessions"))[0] == 204
    assert (await browser.get("/entities/")).status_code == 303


async def test_session_of_another_is_not_there(app: Quart, api: Api, head: Api) -> None:
    async with app.app_context(), db.begin() as session:
        ann, bob = await add_person(session, "ann"), await add_person(session, "bob")
        await open_session(session, ann)
        bobs = Api(app, await make_bearer(session, bob))
        hers = Api(app, await make_bearer(session, ann))
    (row,) = (await hers("GET", "/sessions"))[1]["items"]

    assert (await bobs("GET", "/sessions"))[1]["items"] == []
    for caller, status in ((bobs, 404), (api, 404), (head, 204)):  # the scope is admin at the end
        assert (await caller("DELETE", f"/sessions/{row['id']}"))[0] == status
