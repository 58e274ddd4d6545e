import pytest
from quart import Quart

from quartapp.auth.asker import GET_TOKEN, SIGN_IN
from quartapp.extensions import db
from quartapp.models import Scope, User
from tests.api.helpers import Api
from tests.helpers import PASSWORD, UNKNOWN_TOKEN, add_person, make_bearer


async def test_password_is_exchanged_for_a_token(app: Quart, stranger: Api, admin: User) -> None:
    data = {"username": "admin", "password": PASSWORD, "name": "laptop"}
    status, made = await stranger("POST", "/tokens", json=data)
    assert (status, made["name"], len(made["token"])) == (201, "laptop", 54)
    caller = Api(app, {"Authorization": f"bearer {made['token']}"})
    assert (await caller("GET", "/entities"))[0] == 200


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("nobody", PASSWORD)])
async def test_stranger_and_wrong_password_get_the_same_answer(
    stranger: Api, admin: User, name: str, password: str
) -> None:
    data = {"username": name, "password": password}
    status, body = await stranger("POST", "/tokens", json=data)
    assert (status, body["detail"]) == (401, "Unknown name or wrong password.")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Bearer", GET_TOKEN),
        ("Bearer x", GET_TOKEN),
        ("Bearer qa_" + "a" * 43, GET_TOKEN),
        (f"Bearer {UNKNOWN_TOKEN}", GET_TOKEN),
        ("Basic YTpi", SIGN_IN),
        ("qa_x", SIGN_IN),
        ("Bearer \u00e9", GET_TOKEN),
    ],
)
async def test_wrong_token_is_no_token(stranger: Api, admin: User, header: str, words: str) -> None:
    status, body = await stranger("GET", "/entities", headers={"Authorization": header})
    assert (status, body["detail"]) == (401, words)


async def list_tokens(api: Api) -> list[dict[str, object]]:
    _, page = await api("GET", "/tokens")
    return [{name: row[name] for name in ("id", "name", "scope")} for row in page["items"]]


async def test_tokens_are_listed_without_their_secrets(api: Api) -> None:
    data = {"username": "admin", "password": PASSWORD, "name": "laptop", "scope": "read"}
    _, made = await api("POST", "/tokens", json=data)
    await api("GET", "/tokens")

    _, page = await api("GET", "/tokens")
    _, shown = await api("GET", f"/tokens/{made['id']}")

    secret = made.pop("token")
    assert page["items"][0] == shown == made
    assert secret not in str(page)
    assert secret.startswith(shown["hint"])
    assert [row["name"] for row in page["items"]] == ["laptop", "test"]
    assert page["items"][1]["used_at"] is not None


async def test_revoked_token_is_refused_at_once(app: Quart, api: Api) -> None:
    (row,) = await list_tokens(api)
    assert await api("DELETE", f"/tokens/{row['id']}") == (204, None)
    assert (await api("GET", "/tokens"))[0] == 401


async def test_token_of_another_is_not_there(app: Quart, api: Api, head: Api) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        hers = Api(app, await make_bearer(session, ann))
    (row, _), (own,) = await list_tokens(api), await list_tokens(hers)

    for method in ("GET", "DELETE"):
        assert (await hers(method, f"/tokens/{row['id']}"))[0] == 404
        assert (await api(method, f"/tokens/{own['id']}"))[0] == 404  # the scope is less than admin
    assert (await head("GET", f"/tokens/{own['id']}"))[1]["id"] == own["id"]
    assert (await head("DELETE", f"/tokens/{own['id']}"))[0] == 204
    assert (await hers("GET", "/tokens"))[0] == 401


async def test_token_that_may_read_writes_nothing(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        reader = Api(app, await make_bearer(session, admin, Scope.READ))
    assert (await reader("GET", "/entities"))[0] == 200
    status, body = await reader("POST", "/entities", json={"name": "a", "url": "http://a.test/"})
    assert (status, body["detail"]) == (403, "This token may only read.")


async def test_editor_gets_no_token_with_the_scope_admin(app: Quart, stranger: Api) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann")
    data = {"username": "ann", "password": PASSWORD, "scope": "admin"}
    assert (await stranger("POST", "/tokens", json=data))[0] == 403


async def test_token_in_an_address_is_refused(app: Quart, stranger: Api) -> None:
    status, body = await stranger("GET", f"/entities?token={UNKNOWN_TOKEN}")
    assert (status, body["detail"][:39]) == (400, "A token belongs in the Authorization he")
