"""Litestar and msgspec on granian once more, tuned by hand: plain asyncpg, our own queries."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import ClientException, NotAuthorizedException, NotFoundException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.middleware.base import DefineMiddleware
from slugify import slugify

from benchmarks.peers import tables
from benchmarks.peers.litestar_peer import EntityIn, EntityOut, EntityPage, Meta, UserOut, livez
from benchmarks.peers.tables import URL

TOKEN = """SELECT u.id, u.name FROM api_token t JOIN "user" u ON u.id = t.user_id
WHERE t.token_hash = $1 AND t.expires_at > now() AND u.disabled_at IS NULL"""
FIELDS = "e.id, e.name, e.slug, e.url, e.content, e.is_public, e.created_at, e.updated_at"
ENTITIES = f"""SELECT {FIELDS}, u.id AS owner_id, u.name AS owner
FROM entity e LEFT JOIN "user" u ON u.id = e.owner_id"""
ONE = f"{ENTITIES} WHERE e.id = $1"
AFTER = f"{ENTITIES} WHERE e.id > $1 ORDER BY e.id LIMIT $2"
USABILITY = """SELECT e.id, e.name, e.slug, e.url, c.state, r.ok, r.fail, r.error, r.ranks,
(SELECT coalesce(sum(extract(epoch FROM coalesce(o.ended_at, now()) -
greatest(o.started_at, now() - interval '1 day'))), 0) FROM outage o WHERE o.entity_id = e.id
AND coalesce(o.ended_at, now()) > now() - interval '1 day') AS down
FROM entity e JOIN "check" c ON c.entity_id = e.id CROSS JOIN LATERAL (
SELECT count(*) FILTER (WHERE outcome = 'ok') AS ok, count(*) FILTER (WHERE outcome = 'fail') AS
fail, count(*) FILTER (WHERE outcome = 'error') AS error, percentile_disc(ARRAY[0.5, 0.95, 0.99])
WITHIN GROUP (ORDER BY total) FILTER (WHERE outcome = 'ok') AS ranks FROM result
WHERE entity_id = e.id AND started_at >= now() - interval '1 day'
AND slot_at >= now() - interval '25 hours') r WHERE e.id = $1"""
TAKEN = "SELECT id FROM entity WHERE name = $1 OR slug = $2"
NEW = """WITH e AS (INSERT INTO entity (name, slug, url, content, is_public, owner_id, created_at,
updated_at) VALUES ($1, $2, $3, $4, $5, $6, now(), now()) RETURNING *), c AS (INSERT INTO "check"
(entity_id, host, interval, down_after, up_after, statuses, present, absent, json_path, json_value,
slot_at, due_at, fence, crashes, state, streak, created_at, updated_at) SELECT id, $7, 60, 3, 2,
'200-399', '', '', '', '', now(), now(), 0, 0, 'new', 0, now(), now() FROM e)
SELECT id, created_at, updated_at FROM e"""
LIST = """SELECT e.id, e.name, e.slug, e.url, e.created_at, c.state, u.name AS owner FROM (
SELECT * FROM entity ORDER BY name, id LIMIT 50 OFFSET $1) e JOIN "check" c ON c.entity_id = e.id
JOIN "user" u ON u.id = e.owner_id ORDER BY e.name, e.id"""
PUBLIC = """SELECT c.entity_id, c.state, c.state_since, e.name, e.slug, e.url FROM "check" c
JOIN entity e ON e.id = c.entity_id WHERE e.is_public ORDER BY e.name, e.id LIMIT 50"""
STATES = """SELECT c.state, count(*) FROM "check" c JOIN entity e ON e.id = c.entity_id
WHERE e.is_public GROUP BY c.state"""
DAYS = "SELECT entity_id, days FROM glance WHERE entity_id = ANY($1)"
UPTIMES = """SELECT entity_id, sum(up) / nullif(sum(up + down), 0) FROM {} WHERE
entity_id = ANY($1) AND start_at >= now() - interval '{} days' GROUP BY entity_id"""
SPANS = ("hourly", 1), ("daily", 30), ("daily", 90)

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)


@asynccontextmanager
async def open_pool(app: Litestar) -> AsyncIterator[None]:
    address = URL.replace("+asyncpg", "")
    async with asyncpg.create_pool(address, min_size=10, max_size=10) as pool:
        app.state.pool = pool
        yield


class BearerMiddleware(AbstractAuthenticationMiddleware):
    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, secret = connection.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        row = await connection.app.state.pool.fetchrow(TOKEN, digest)
        if scheme != "Bearer" or row is None:
            raise NotAuthorizedException()
        return AuthenticationResult(user=UserOut(*row), auth=None)


@get("/api/v1/entities/{entity_id:int}")
async def show(entity_id: int, state: State) -> EntityOut:
    row = await state.pool.fetchrow(ONE, entity_id)
    if row is None:
        raise NotFoundException()
    return to_out(row)


@get("/api/v1/entities")
async def index(state: State, cursor: int = 0, per_page: int = 20) -> EntityPage:
    rows = await state.pool.fetch(AFTER, cursor, per_page + 1)
    following = str(rows[per_page - 1]["id"]) if len(rows) > per_page else None
    return EntityPage([to_out(row) for row in rows[:per_page]], Meta(per_page, following))


def to_out(row: asyncpg.Record) -> EntityOut:
    *fields, created_at, updated_at, owner_id, owner = row
    person = UserOut(owner_id, owner) if owner_id else None
    return EntityOut(*fields, person, created_at, updated_at)


@get("/api/v1/entities/{entity_id:int}/usability")
async def usability(entity_id: int, state: State) -> dict[str, Any]:
    row = await state.pool.fetchrow(USABILITY, entity_id)
    if row is None:
        raise NotFoundException()
    id, name, slug, url, stands, *figures, down = row
    site = {"id": id, "name": name, "slug": slug, "url": url}
    return {"entity": site, **tables.make_figures(stands, figures, down)}


@post("/api/v1/entities")
async def new(
    data: EntityIn, state: State, request: Request[UserOut, Any, Any]
) -> Response[EntityOut]:
    slug, host = slugify(data.name), urlsplit(data.url).hostname
    async with state.pool.acquire() as connection:
        if await connection.fetchrow(TAKEN, data.name, slug):
            raise ClientException(status_code=409)
        values = data.name, slug, data.url, data.content, data.is_public
        row = await connection.fetchrow(NEW, *values, request.user.id, host)
    fields = msgspec.structs.asdict(data)
    answer = EntityOut(slug=slug, owner=request.user, **fields, **dict(row))
    return Response(answer, headers={"Location": f"/api/v1/entities/{answer.id}"})


@get("/entities/", media_type=MediaType.HTML)
async def list_page(state: State, page: int = 1) -> str:
    async with state.pool.acquire() as connection:
        total = await connection.fetchval("SELECT count(*) FROM entity")
        found = await connection.fetch(LIST, (page - 1) * 50)
    rows = [{**row, "owner": {"name": row["owner"]}} for row in found]
    states = {row["id"]: row["state"] for row in found}
    render = templates.get_template("list.html").render
    return render(rows=rows, states=states, total=total, number=page)


@get("/status/", media_type=MediaType.HTML, opt={"open": True})
async def status(state: State) -> str:
    async with state.pool.acquire() as connection:
        checks = [{**row, "entity": row} for row in await connection.fetch(PUBLIC)]
        ids = [check["entity_id"] for check in checks]
        states = dict(await connection.fetch(STATES))
        days = dict(await connection.fetch(DAYS, ids))
        uptimes = [dict(await connection.fetch(UPTIMES.format(*span), ids)) for span in SPANS]
    page = templates.get_template("status.html")
    return page.render(checks=checks, states=states, days=days, uptimes_of=uptimes)


app = Litestar(
    [livez, show, index, usability, new, list_page, status],
    lifespan=[open_pool],
    middleware=[DefineMiddleware(BearerMiddleware, exclude_from_auth_key="open")],
    openapi_config=None,
    logging_config=None,
)
