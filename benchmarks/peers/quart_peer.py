"""Quart as it comes, SQLAlchemy's async session and asyncpg, on hypercorn."""

from typing import Any
from urllib.parse import urlsplit

from quart import Quart, abort, g, jsonify, render_template, request
from slugify import slugify
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from benchmarks.peers import tables
from benchmarks.peers.tables import POOL, URL, Check, Entity

app = Quart(__name__)
make_session = async_sessionmaker(create_async_engine(URL, **POOL), expire_on_commit=False)


@app.before_request
async def open_session() -> None:
    if request.path == "/livez":
        return
    g.session = make_session()
    if request.path == "/status/":
        return
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = await g.session.scalar(tables.select_token(secret)) if scheme == "Bearer" else None
    if token is None:
        abort(401)
    g.user = token.user


@app.teardown_request
async def close_session(_error: BaseException | None) -> None:
    if "session" in g:
        await g.session.close()


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/api/v1/entities/<int:entity_id>")
async def show(entity_id: int) -> Any:
    return jsonify(to_dict(await get_entity(entity_id)))


async def get_entity(entity_id: int) -> Entity:
    entity: Entity | None = await g.session.scalar(tables.select_entity(entity_id))
    return entity or abort(404)


@app.get("/api/v1/entities")
async def index() -> Any:
    cursor, size = request.args.get("cursor", 0, int), request.args.get("per_page", 20, int)
    rows = (await g.session.scalars(tables.select_after(cursor, size))).all()
    following = str(rows[size - 1].id) if len(rows) > size else None
    items = [to_dict(entity) for entity in rows[:size]]
    return jsonify(items=items, _meta={"per_page": size, "next_cursor": following})


@app.get("/api/v1/entities/<int:entity_id>/usability")
async def usability(entity_id: int) -> Any:
    now = tables.utcnow()
    entity = await get_entity(entity_id)
    state = await g.session.scalar(tables.select_state(entity_id))
    row = (await g.session.execute(tables.select_figures(entity_id, now))).one()
    down = await g.session.scalar(tables.select_down(entity_id, now))
    site = {"id": entity.id, "name": entity.name, "slug": entity.slug, "url": entity.url}
    return jsonify(entity=site, **tables.make_figures(state, row, down))


@app.post("/api/v1/entities")
async def new() -> Any:
    data = await request.get_json()
    if await g.session.scalar(tables.select_named(data["name"])):
        abort(409)
    entity = Entity(slug=slugify(data["name"]), owner=g.user, **data)
    g.session.add(entity)
    await g.session.flush()
    g.session.add(Check(entity_id=entity.id, host=urlsplit(entity.url).hostname))
    await g.session.commit()
    return jsonify(to_dict(entity)), 201, {"Location": f"/api/v1/entities/{entity.id}"}


@app.get("/entities/")
async def list_page() -> str:
    number = request.args.get("page", 1, int)
    total = await g.session.scalar(tables.count_entities())
    rows = (await g.session.scalars(tables.select_list(number, 50))).all()
    states = await read_pairs(tables.select_states(rows))
    return await render_template("list.html", rows=rows, states=states, total=total, number=number)


@app.get("/status/")
async def status() -> str:
    checks = (await g.session.scalars(tables.select_public(50))).all()
    ids = [check.entity_id for check in checks]
    uptimes = tables.list_uptime_queries(ids, tables.utcnow())
    return await render_template(
        "status.html",
        checks=checks,
        states=await read_pairs(tables.count_states()),
        days=await read_pairs(tables.select_days(ids)),
        uptimes_of=[await read_pairs(query) for query in uptimes],
    )


async def read_pairs(query: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in await g.session.execute(query)}


def to_dict(entity: Entity) -> dict[str, Any]:
    owner = entity.owner
    return {
        "id": entity.id,
        "name": entity.name,
        "slug": entity.slug,
        "url": entity.url,
        "content": entity.content,
        "is_public": entity.is_public,
        "owner": {"id": owner.id, "name": owner.name} if owner else None,
        "created_at": entity.created_at.isoformat(),
        "updated_at": entity.updated_at.isoformat(),
    }
