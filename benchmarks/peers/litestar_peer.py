"""Litestar and Advanced Alchemy with its repositories, on granian."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from advanced_alchemy.extensions.litestar import (
    AsyncSessionConfig,
    EngineConfig,
    SQLAlchemyAsyncConfig,
    SQLAlchemyInitPlugin,
)
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from litestar import Litestar, Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.di import Provide
from litestar.exceptions import ClientException, NotAuthorizedException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.middleware.base import DefineMiddleware
from litestar.params import Dependency
from litestar.response import Template
from litestar.template.config import TemplateConfig
from slugify import slugify
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from benchmarks.peers import tables
from benchmarks.peers.tables import POOL, URL, Check, Entity, User

alchemy = SQLAlchemyAsyncConfig(
    connection_string=URL,
    engine_config=EngineConfig(**POOL),
    session_config=AsyncSessionConfig(expire_on_commit=False),
    before_send_handler="autocommit",
)


class UserOut(msgspec.Struct):
    id: int
    name: str


class EntityIn(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    url: Annotated[str, msgspec.Meta(max_length=2048)]
    content: str = ""
    is_public: bool = False


class EntityOut(msgspec.Struct):
    id: int
    name: str
    slug: str
    url: str
    content: str
    is_public: bool
    owner: UserOut | None
    created_at: datetime
    updated_at: datetime


class Meta(msgspec.Struct):
    per_page: int
    next_cursor: str | None


class EntityPage(msgspec.Struct, rename={"meta": "_meta"}):
    items: list[EntityOut]
    meta: Meta


class EntityRepository(SQLAlchemyAsyncRepository[Entity]):
    model_type = Entity


async def provide_entities(db_session: AsyncSession) -> AsyncIterator[EntityRepository]:
    yield EntityRepository(session=db_session, load=[joinedload(Entity.owner)])


Entities = Annotated[EntityRepository, Dependency(skip_validation=True)]


class BearerMiddleware(AbstractAuthenticationMiddleware):
    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, secret = connection.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise NotAuthorizedException()
        session = alchemy.provide_session(connection.app.state, connection.scope)
        token = await session.scalar(tables.select_token(secret))
        if token is None:
            raise NotAuthorizedException()
        return AuthenticationResult(user=token.user, auth=token)


@get("/livez", opt={"open": True})
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@get("/api/v1/entities/{entity_id:int}")
async def show(entity_id: int, entities: Entities) -> EntityOut:
    return to_out(await entities.get(entity_id))


@get("/api/v1/entities")
async def index(entities: Entities, cursor: int = 0, per_page: int = 20) -> EntityPage:
    statement = tables.select_after(cursor, per_page)
    rows = await entities.list(statement=statement)
    following = str(rows[per_page - 1].id) if len(rows) > per_page else None
    items = [to_out(entity) for entity in rows[:per_page]]
    return EntityPage(items=items, meta=Meta(per_page, following))


def to_out(entity: Entity) -> EntityOut:
    return msgspec.convert(entity, EntityOut, from_attributes=True)


@get("/api/v1/entities/{entity_id:int}/usability")
async def usability(entity_id: int, entities: Entities, db_session: AsyncSession) -> dict[str, Any]:
    now = tables.utcnow()
    entity = await entities.get(entity_id)
    state = await db_session.scalar(tables.select_state(entity_id))
    row = (await db_session.execute(tables.select_figures(entity_id, now))).one()
    down = await db_session.scalar(tables.select_down(entity_id, now)) or 0
    site = {"id": entity.id, "name": entity.name, "slug": entity.slug, "url": entity.url}
    return {"entity": site, **tables.make_figures(str(state), row, down)}


@post("/api/v1/entities")
async def new(
    data: EntityIn, entities: Entities, db_session: AsyncSession, request: Request[User, Any, Any]
) -> Response[EntityOut]:
    if await db_session.scalar(tables.select_named(data.name)):
        raise ClientException(status_code=409)
    values = msgspec.to_builtins(data)
    entity = await entities.add(Entity(slug=slugify(data.name), owner=request.user, **values))
    db_session.add(Check(entity_id=entity.id, host=str(urlsplit(entity.url).hostname)))
    headers = {"Location": f"/api/v1/entities/{entity.id}"}
    return Response(to_out(entity), headers=headers)


@get("/entities/")
async def list_page(db_session: AsyncSession, page: int = 1) -> Template:
    total = await db_session.scalar(tables.count_entities())
    rows = (await db_session.scalars(tables.select_list(page, 50))).all()
    states = await read_pairs(db_session, tables.select_states(rows))
    values = {"rows": rows, "states": states, "total": total, "number": page}
    return Template("list.html", context=values)


@get("/status/", opt={"open": True})
async def status(db_session: AsyncSession) -> Template:
    checks = (await db_session.scalars(tables.select_public(50))).all()
    ids = [check.entity_id for check in checks]
    uptimes = tables.list_uptime_queries(ids, tables.utcnow())
    values = {
        "checks": checks,
        "states": await read_pairs(db_session, tables.count_states()),
        "days": await read_pairs(db_session, tables.select_days(ids)),
        "uptimes_of": [await read_pairs(db_session, query) for query in uptimes],
    }
    return Template("status.html", context=values)


async def read_pairs(session: AsyncSession, query: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in await session.execute(query)}


app = Litestar(
    [livez, show, index, usability, new, list_page, status],
    dependencies={"entities": Provide(provide_entities)},
    middleware=[DefineMiddleware(BearerMiddleware, exclude_from_auth_key="open")],
    plugins=[SQLAlchemyInitPlugin(alchemy)],
    template_config=TemplateConfig(
        directory=Path(__file__).parent / "templates", engine=JinjaTemplateEngine
    ),
    openapi_config=None,
    logging_config=None,
)
