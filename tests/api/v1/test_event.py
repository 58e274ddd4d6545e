from datetime import timedelta

import pytest
from quart import Quart

from quartapp.models import Entity, User, utcnow
from quartapp.models.look import Reason
from tests.api.helpers import Api, add_site
from tests.services.watching import HOUR, look


@pytest.fixture
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def test_events_have_their_site_and_author(api: Api, entity: Entity) -> None:
    _, comment = await api("POST", f"/entities/{entity.id}/comments", json={"body": "Slow."})
    status, page = await api("GET", "/events")

    (event,) = page["items"]
    assert status == 200
    assert event == {
        "id": event["id"],
        "kind": "comment.added",
        "at": comment["created_at"],
        "entity": {
            "id": entity.id,
            "name": "My site",
            "slug": "my-site",
            "url": "https://example.org/",
        },
        "title": "A comment",
        "detail": "",
        "subject_id": comment["id"],
        "author": comment["author"],
    }


async def test_events_are_read_back_to_the_first(app: Quart, api: Api, entity: Entity) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(3):
            await look(start + number * HOUR, Reason.CONNECT)
    await api("POST", f"/entities/{entity.id}/comments", json={"body": "Slow."})

    _, newest = await api("GET", "/events?per_page=1")
    path = newest["_links"]["next"].removeprefix("/api/v1")
    _, oldest = await api("GET", path)
    kinds = [page["items"][0]["kind"] for page in (newest, oldest)]
    assert kinds == ["comment.added", "usability.down"]
    assert oldest["_links"]["next"] is None


@pytest.mark.parametrize(
    ("query", "count"), [("topic=comment", 1), ("topic=bug", 0), ("entity=999", 0)]
)
async def test_events_are_filtered(api: Api, entity: Entity, query: str, count: int) -> None:
    await api("POST", f"/entities/{entity.id}/comments", json={"body": "Slow."})
    _, page = await api("GET", f"/events?{query}")
    assert len(page["items"]) == count


async def test_unknown_topic_is_refused(api: Api) -> None:
    status, problem = await api("GET", "/events?topic=weather")
    assert (status, problem["errors"][0]["loc"]) == (422, ["topic"])
