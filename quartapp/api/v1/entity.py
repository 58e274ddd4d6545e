from typing import Any

from quart import Blueprint, Response, current_app, url_for
from quart_schema import (
    document_response,
    validate_querystring,
    validate_request,
    validate_response,
)

from quartapp.api.conditional import Answer, answer_unless_known, check_conditions, make_etag, tag
from quartapp.api.export import exports
from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, conditional, may_answer
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
from quartapp.asgi.json_provider import make_json
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
from quartapp.services.entity_rows import (
    EntityRow,
    load_entity_rows,
    load_entity_slices,
    require_seen,
)
from quartapp.services.export import Reading
from quartapp.services.paging import cut_slice, paginate, paginate_after
from quartapp.services.rights import refuse_stranger

bp = Blueprint("entity", __name__)
MAX_BULK = 8 * 1024 * 1024  # bytes


@bp.get("/entities")
@login_required
@validate_querystring(EntityQuery)
@document_response(EntityPage)
async def index(query_args: EntityQuery) -> EntityPage | Response:
    """List the entities by name, or all of them by key."""
    query, size = select_wanted(query_args), query_args.per_page
    if query_args.cursor is not None:
        after = read_cursor(query_args.cursor)
        if not query_args.q and not query_args.state:
            return await list_after(after, size)
        part = await paginate_after(db.session, query, Entity.id, after, size)
        return EntityPage(items=to_out(part.items), **describe_slice(part))
    page = await paginate(db.session, query, query_args.page, size)
    return EntityPage(items=to_out(page.items), **describe_page(page))


async def list_after(after: int, size: int) -> Response:
    """Return a part of all entities: everybody who may ask sees the same."""
    rows = await db.share(load_entity_slices, (after, size + 1)) or []
    part = cut_slice(rows, size)
    body = EntityPage(items=[], **describe_slice(part)).model_dump(mode="json", by_alias=True)
    return make_json({**body, "items": [write_entity(row) for row in part.items]})


def write_entity(row: EntityRow) -> dict[str, Any]:
    """Return what EntityOut makes of an entity."""
    id, name, slug, url, content, is_public, owner_id, owner_name, created_at, updated_at = row
    return {
        "id": id,
        "name": name,
        "slug": slug,
        "url": url,
        "content": content,
        "is_public": is_public,
        "owner": None if owner_id is None else {"id": owner_id, "name": owner_name},
        "created_at": created_at,
        "updated_at": updated_at,
    }


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
@conditional
@document_response(EntityOut)
async def show(entity_id: int) -> Response:
    """Return one entity."""
    found = await db.share(load_entity_rows, entity_id)
    row = require_seen(found, entity_id, seen_by=get_user())
    etag = make_etag(row.id, row.updated_at, row.owner_id, row.owner_name)
    return answer_unless_known(etag, lambda: make_json(write_entity(row)))


@bp.post("/entities")
@login_required
@conditional
@idempotent
@may_answer(409)
@validate_request(EntityIn)
@validate_response(EntityOut, 201)
async def new(data: EntityIn) -> tuple[EntityOut, int, dict[str, str]]:
    """Add a site to watch."""
    refuse_unaskable(data.url, read_bounds(current_app.config))
    entity = await add_entity(db.session, **data.model_dump(), owner=get_user())
    location = url_for("api_v1.entity.show", entity_id=entity.id)
    headers = {"Location": location, "ETag": tag(entity, entity.owner)}
    return EntityOut.model_validate(entity), 201, headers


@bp.post("/entities/bulk")
@limit_body(MAX_BULK)
@login_required
@idempotent
@may_answer(409)
@validate_request(EntitiesIn)
@validate_response(EntitiesOut, 201)
async def new_ones(data: EntitiesIn) -> tuple[EntitiesOut, int, dict[str, str]]:
    """Add many sites to watch: all of them or none."""
    refuse_unaskable_ones((item.url for item in data.items), read_bounds(current_app.config))
    sites = [item.model_dump() for item in data.items]
    entities = await add_entities(db.session, sites, get_user())
    location = url_for("api_v1.entity.index")
    return EntitiesOut(items=to_out(entities)), 201, {"Location": location}


@bp.put("/entities/<id:entity_id>")
@login_required
@conditional
@may_answer(409)
@validate_request(EntityIn)
@validate_response(EntityOut)
async def replace(entity_id: int, data: EntityIn) -> Answer:
    """Replace an entity: what is not sent gets its default."""
    return await change(entity_id, data.model_dump())


@bp.patch("/entities/<id:entity_id>")
@login_required
@conditional
@may_answer(409)
@validate_request(EntityPatch)
@validate_response(EntityOut)
async def edit(entity_id: int, data: EntityPatch) -> Answer:
    """Change what is sent of an entity, nothing else."""
    return await change(entity_id, data.model_dump(exclude_unset=True))


async def change(entity_id: int, values: dict[str, Any]) -> Answer:
    entity = await get_own(entity_id)
    if values.get("url", entity.url) != entity.url:
        refuse_unaskable(values["url"], read_bounds(current_app.config))
    await edit_entity(db.session, entity, get_user(), **values)
    await db.session.commit()
    return EntityOut.model_validate(entity), 200, {"ETag": tag(entity, entity.owner)}


async def get_own(entity_id: int) -> Entity:
    """Return an entity that may be changed, and is as the client has seen it."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    refuse_stranger(entity, get_user())
    check_conditions(tag(entity, entity.owner))
    return entity


@bp.delete("/entities/<id:entity_id>")
@login_required
@conditional
@answers_nothing
async def remove(entity_id: int) -> tuple[str, int]:
    """Remove an entity and the comments on it."""
    await remove_entity(db.session, await get_own(entity_id), get_user())
    await db.session.commit()
    return "", 204
