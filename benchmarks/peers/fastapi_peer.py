"""FastAPI, SQLAlchemy's async session and asyncpg, on uvicorn with uvloop and httptools."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field
from slugify import slugify
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers import tables
from benchmarks.peers.tables import POOL, URL, Check, Entity, User

app = FastAPI()
templates = Jinja2Templates(Path(__file__).parent / "templates")
make_session = async_sessionmaker(create_async_engine(URL, **POOL), expire_on_commit=False)


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str


class EntityIn(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    url: str = Field(max_length=2048)
    content: str = ""
    is_public: bool = False


class EntityOut(EntityIn):
    model_config = ConfigDict(from_attributes=True)
    id: int
    slug: str
    owner: UserOut | None
    created_at: datetime
    updated_at: datetime


class Meta(BaseModel):
    per_page: int
    next_cursor: str | None


class EntityPage(BaseModel):
    items: list[EntityOut]
    meta: Meta = Field(serialization_alias="_meta")


class SiteOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    slug: str
    url: str


class FiguresOut(BaseModel):
    ok: int
    fail: int
    error: int
    uptime: float
    p50: float | None
    p95: float | None
    p99: float | None


class UsabilityOut(BaseModel):
    entity: SiteOut
    state: str
    last_day: FiguresOut


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def get_user(session: Session, bearer: Bearer) -> User:
    token = await session.scalar(tables.select_token(bearer.credentials))
    if token is None:
        raise HTTPException(401)
    user: User = token.user
    return user


SignedIn = Annotated[User, Depends(get_user)]


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/api/v1/entities/{entity_id}", response_model=EntityOut)
async def show(entity_id: int, session: Session, user: SignedIn) -> Any:
    entity = await session.scalar(tables.select_entity(entity_id))
    if entity is None:
        raise HTTPException(404)
    return entity


@app.get("/api/v1/entities", response_model=EntityPage)
async def index(session: Session, user: SignedIn, cursor: int = 0, per_page: int = 20) -> Any:
    rows = (await session.scalars(tables.select_after(cursor, per_page))).all()
    following = str(rows[per_page - 1].id) if len(rows) > per_page else None
    return {"items": rows[:per_page], "meta": {"per_page": per_page, "next_cursor": following}}


@app.get("/api/v1/entities/{entity_id}/usability", response_model=UsabilityOut)
async def usability(entity_id: int, session: Session, user: SignedIn) -> Any:
    now = tables.utcnow()
    entity = await session.scalar(tables.select_entity(entity_id))
    if entity is None:
        raise HTTPException(404)
    state = await session.scalar(tables.select_state(entity_id))
    row = (await session.execute(tables.select_figures(entity_id, now))).one()
    down = await session.scalar(tables.select_down(entity_id, now))
    return {"entity": entity, **tables.make_figures(state, row, down)}


@app.post("/api/v1/entities", status_code=201, response_model=EntityOut)
async def new(data: EntityIn, response: Response, session: Session, user: SignedIn) -> Any:
    if await session.scalar(tables.select_named(data.name)):
        raise HTTPException(409)
    entity = Entity(slug=slugify(data.name), owner=user, **data.model_dump())
    session.add(entity)
    await session.flush()
    session.add(Check(entity_id=entity.id, host=urlsplit(entity.url).hostname))
    await session.commit()
    response.headers["Location"] = f"/api/v1/entities/{entity.id}"
    return entity


@app.get("/entities/", response_class=HTMLResponse)
async def list_page(request: Request, session: Session, user: SignedIn, page: int = 1) -> Any:
    total = await session.scalar(tables.count_entities())
    rows = (await session.scalars(tables.select_list(page, 50))).all()
    states = await read_pairs(session, tables.select_states(rows))
    values = {"rows": rows, "states": states, "total": total, "number": page}
    return templates.TemplateResponse(request, "list.html", values)


@app.get("/status/", response_class=HTMLResponse)
async def status(request: Request, session: Session) -> Any:
    checks = (await session.scalars(tables.select_public(50))).all()
    ids = [check.entity_id for check in checks]
    uptimes = tables.list_uptime_queries(ids, tables.utcnow())
    values = {
        "checks": checks,
        "states": await read_pairs(session, tables.count_states()),
        "days": await read_pairs(session, tables.select_days(ids)),
        "uptimes_of": [await read_pairs(session, query) for query in uptimes],
    }
    return templates.TemplateResponse(request, "status.html", values)


async def read_pairs(session: AsyncSession, query: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in await session.execute(query)}
