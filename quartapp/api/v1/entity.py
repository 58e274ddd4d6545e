from typing import Any

from quart import Blueprint, current_app, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.export import exports
from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page, describe_slice, read_cursor
from quartapp.api.v1.schemas import (
    EntitiesIn,
    EntitiesOut,
    EntityFilter,
    EntityIn,
    EntityOut,
    EntityPage,
    EntityPatch,
    EntityQuery,
)
from quartapp.asgi.wrappers import limit_body
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import Entity
from quartapp.models.address import read_bounds
from quartapp.services.address import refuse_unaskable, refuse_unaskable_ones
from quartapp.services.entity import (
    add_entities,
    add_entity,
    edit_entity,
    get_entity,
    remove_entity,
    select_entities,
)
from quartapp.services.export import Reading
from quartapp.services.paging import paginate, paginate_after

bp = Blueprint("entity", __name__)
MAX_BULK = 8 * 1024 * 1024  # bytes


@bp.get("/entities")
@login_required
@validate_querystring(EntityQuery)
@validate_response(EntityPage)
async def index(query_args: EntityQuery) -> EntityPage:
    """List the entities by name, or all of them by key."""
    query, size = select_wanted(query_args), query_args.per_page
    if query_args.cursor is not None:
        after = read_cursor(query_args.cursor)
        part = await paginate_after(db.session, query, Entity.id, after, size)
        return EntityPage(items=to_out(part.items), **describe_slice(part))
    page = await paginate(db.session, query, query_args.page, size)
    return EntityPage(items=to_out(page.items), **describe_page(page))


def select_wanted(wanted: EntityFilter) -> Any:
    return select_entities(wanted.q, wanted.state, seen_by=get_user())


def to_out(entities: list[Entity]) -> list[EntityOut]:
    return [EntityOut.model_validate(entity) for entity in entities]


@exports(bp, "/entities", EntityFilter, EntityOut)
async def export(query_args: EntityFilter) -> Reading:
    """Return all entities, the oldest first."""
    return Reading(select_wanted(query_args), Entity.id)


@bp.get("/entities/<id:entity_id>")
@login_required
@validate_response(EntityOut)
async def show(entity_id: int) -> EntityOut:
    """Return one entity."""
    return EntityOut.model_validate(await get_entity(db.session, entity_id, seen_by=get_user()))


@bp.post("/entities")
@login_required
@may_answer(409)
@validate_request(EntityIn)
@validate_response(EntityOut, 201)
async def new(data: EntityIn) -> tuple[EntityOut, int, dict[str, str]]:
    """Add a site to watch."""
    refuse_unaskable(data.url, read_bounds(current_app.config))
    entity = await add_entity(db.session, **data.model_dump(), owner=get_user())
    await db.session.commit()
    location = url_for("api_v1.entity.show", entity_id=entity.id)
    return EntityOut.model_validate(entity), 201, {"Location": location}


@bp.post("/entities/bulk")
@limit_body(MAX_BULK)
@login_required
@may_answer(409)
@validate_request(EntitiesIn)
@validate_response(EntitiesOut, 201)
async def new_ones(data: EntitiesIn) -> tuple[EntitiesOut, int, dict[str, str]]:
    """Add many sites to watch: all of them or none."""
    refuse_unaskable_ones((item.url for item in data.items), read_bounds(current_app.config))
    sites = [item.model_dump() for item in data.items]
    entities = await add_entities(db.session, sites, get_user())
    await db.session.commit()
    location = url_for("api_v1.entity.index")
    return EntitiesOut(items=to_out(entities)), 201, {"Location": location}


@bp.put("/entities/<id:entity_id>")
@login_required
@may_answer(409)
@validate_request(EntityIn)
@validate_response(EntityOut)
async def replace(entity_id: int, data: EntityIn) -> EntityOut:
    """Replace an entity: what is not sent gets its default."""
    return await change(entity_id, data.model_dump())


@bp.patch("/entities/<id:entity_id>")
@login_required
@may_answer(409)
@validate_request(EntityPatch)
@validate_response(EntityOut)
async def edit(entity_id: int, data: EntityPatch) -> EntityOut:
    """Change what is sent of an entity, nothing else."""
    return await change(entity_id, data.model_dump(exclude_unset=True))


async def change(entity_id: int, values: dict[str, Any]) -> EntityOut:
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    if values.get("url", entity.url) != entity.url:
        refuse_unaskable(values["url"], read_bounds(current_app.config))
    await edit_entity(db.session, entity, get_user(), **values)
    await db.session.commit()
    return EntityOut.model_validate(entity)


@bp.delete("/entities/<id:entity_id>")
@login_required
@answers_nothing
async def remove(entity_id: int) -> tuple[str, int]:
    """Remove an entity and the comments on it."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    await remove_entity(db.session, entity, get_user())
    await db.session.commit()
    return "", 204
