"""What the tests of the API share."""

from typing import Any

from quart import Quart
from sqlalchemy import select, update
from werkzeug.datastructures import Headers

from quartapp.extensions import db
from quartapp.models import Check, Entity, State, User
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity

SITE = {"name": "My site", "url": "https://example.org/", "content": "A sample."}


async def add_site(
    app: Quart, owner: User | None, name: str = "My site", comments: int = 0
) -> Entity:
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name=name, url="https://example.org/", owner=owner)
        for number in range(comments):
            await add_comment(session, entity, f"comment {number}", owner)
    return entity


async def set_state(app: Quart, name: str, state: State) -> None:
    """Let a site stand somewhere without a look."""
    of_it = Check.entity_id == select(Entity.id).where(Entity.name == name).scalar_subquery()
    async with app.app_context(), db.begin() as session:
        await session.execute(update(Check).where(of_it).values(state=state))


class Api:
    """Call the API as somebody; each call returns the status and the JSON body."""

    def __init__(self, app: Quart, headers: dict[str, str]) -> None:
        self.client = app.test_client(use_cookies=False)
        self.headers = headers
        self.answered = Headers()  # of the last answer

    async def __call__(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {**self.headers, **options.pop("headers", {})}
        response = await self.client.open(
            f"/api/v1{path}", method=method, headers=headers, **options
        )
        self.answered = response.headers
        return response.status_code, await response.get_json()
