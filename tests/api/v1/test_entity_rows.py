"""Entities that are answered from rows look as those that the schema writes."""

import pytest
from quart import Quart

from quartapp.api.v1.entity import write_entity
from quartapp.api.v1.schemas import EntityOut
from quartapp.asgi.json_provider import make_json
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.entity import get_entity
from quartapp.services.entity_rows import load_entity_rows, load_entity_slices
from tests.api.helpers import add_site


@pytest.mark.parametrize("is_owned", [True, False])
async def test_row_is_written_as_the_schema_has_it(app: Quart, admin: User, is_owned: bool) -> None:
    entity = await add_site(app, admin if is_owned else None)
    async with app.app_context(), db.read() as session:
        row = (await load_entity_rows(session, [entity.id]))[entity.id]
        (slice_row,) = (await load_entity_slices(session, [(0, 2)]))[0, 2]
        found = await get_entity(session, entity.id, seen_by=admin)
        written = await make_json([write_entity(row), write_entity(slice_row)]).get_json()

    assert written == [EntityOut.model_validate(found).model_dump(mode="json")] * 2
