"""A token that stands in an address: refused wherever it stands, whatever the address is."""

import pytest
from quart.testing import QuartClient
from quart.testing.connections import WebsocketResponseError

from tests.helpers import UNKNOWN_TOKEN as TOKEN

REFUSAL = "A token belongs in the Authorization header. Revoke this one: addresses are logged."


@pytest.mark.parametrize(
    "address",
    [
        f"/api/v1/users/me?access_token={TOKEN}",
        f"/api/v1/entities?q=site&q={TOKEN}",
        f"/api/v1/entities?{TOKEN}=1",
        f"/api/v1/entities?{TOKEN}",
        f"/api/v1/entities?authorization=Bearer+{TOKEN}",
        f"/api/v1/entities?q={TOKEN.replace('qa_', '%71a%5f')}",
        f"/api/v1/{TOKEN}",
        f"/entities/{TOKEN}",
        f"/entities?q={TOKEN}",  # the address with a slash at its end is another
        f"/nothing/here?q={TOKEN}",
        f"/livez?q={TOKEN}",
        f"/readyz/{TOKEN}",
        f"/static/{TOKEN}.css",
        f"/auth/login?next=/?q={TOKEN}",
    ],
)
async def test_token_in_an_address_is_refused(client: QuartClient, address: str) -> None:
    headers = {"Accept": "application/json"}
    response = await client.get(address, headers=headers)
    assert (response.status_code, (await response.get_json())["detail"]) == (400, REFUSAL)


@pytest.mark.parametrize("path", ["/api/v1/entities/1/comments/live", "/nothing"])
async def test_socket_whose_address_has_a_token_is_refused(client: QuartClient, path: str) -> None:
    with pytest.raises(WebsocketResponseError) as caught:
        async with client.websocket(f"{path}?token={TOKEN}") as socket:
            await socket.receive()
    response = caught.value.response
    assert (response.status_code, (await response.get_json())["detail"]) == (400, REFUSAL)


@pytest.mark.parametrize("word", ["qa_x", "qa_", TOKEN[:-1], TOKEN[:-8] + "zzzzzzzz"])
async def test_what_only_begins_as_a_token_may_be_searched_for(
    client: QuartClient, bearer: dict[str, str], word: str
) -> None:
    response = await client.get("/api/v1/entities", query_string={"q": word}, headers=bearer)
    assert response.status_code == 200
