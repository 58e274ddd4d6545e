"""Addresses that can never be asked are refused where they are entered, with the setting."""

import pytest
from quart import Quart

from quartapp.models import User
from tests.api.helpers import SITE, Api, add_site

PRIVATE = "http://10.0.0.1/"
REFUSED = (
    "10.0.0.1 is not a public address. Whoever runs this may allow it: CHECK_ALLOWED_NETWORKS."
)
CLOSED = (
    "Port 3000 is not among those that are watched. Whoever runs this may allow it: CHECK_PORTS."
)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_site_that_can_never_be_asked_is_refused(
    app: Quart, api: Api, admin: User, method: str
) -> None:
    app.config["CHECK_PORTS"] = ["80", "443"]
    entity = await add_site(app, admin, "Other")
    path = "/entities" if method == "POST" else f"/entities/{entity.id}"
    for url, text in ((PRIVATE, REFUSED), ("http://localhost:3000/", CLOSED)):
        status, body = await api(method, path, json=SITE | {"url": url})
        assert (status, body["detail"]) == (422, text)
        assert body["errors"] == [{"loc": ["url"], "msg": text, "type": "value_error"}]


async def test_site_that_settings_have_ruled_out_since_can_be_renamed(app: Quart, api: Api) -> None:
    _, made = await api("POST", "/entities", json=SITE | {"url": "http://127.0.0.1:3000/"})
    app.config["CHECK_ALLOWED_NETWORKS"] = []
    renamed = SITE | {"url": made["url"], "name": "Other"}
    assert (await api("PUT", f"/entities/{made['id']}", json=renamed))[0] == 200


async def test_one_of_many_sites_that_can_never_be_asked_is_named(api: Api) -> None:
    items = [SITE, SITE | {"name": "Other", "url": PRIVATE}]
    status, body = await api("POST", "/entities/bulk", json={"items": items})
    assert (status, body["detail"]) == (422, REFUSED)
    assert body["errors"] == [{"loc": ["items", 1, "url"], "msg": REFUSED, "type": "value_error"}]


async def test_webhook_that_can_never_be_asked_is_refused(api: Api) -> None:
    hook = {"kind": "webhook", "url": "https://hooks.example.org/a"}
    _, made = await api("POST", "/channels", json=hook)
    for method, path in (("POST", "/channels"), ("PATCH", f"/channels/{made['id']}")):
        given = {"url": PRIVATE} if method == "PATCH" else hook | {"url": PRIVATE}
        status, body = await api(method, path, json=given)
        assert (status, body["detail"]) == (422, REFUSED)
    assert (await api("GET", "/channels"))[1]["items"][0]["url"] == hook["url"]
