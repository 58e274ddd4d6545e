"""Flask, Flask-SQLAlchemy and psycopg, on gunicorn with gevent: the stack of the seeds."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, g, jsonify, render_template, request
from flask_sqlalchemy import SQLAlchemy
from slugify import slugify

from benchmarks.peers import tables
from benchmarks.peers.tables import POOL, URL, Check, Entity

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = URL.replace("+asyncpg", "+psycopg")
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = POOL
db = SQLAlchemy(app)


@app.before_request
def load_user() -> None:
    if request.path in ("/livez", "/status/"):
        return
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = db.session.scalar(tables.select_token(secret)) if scheme == "Bearer" else None
    if token is None:
        abort(401)
    g.user = token.user


@app.get("/livez")
def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/api/v1/entities/<int:entity_id>")
def show(entity_id: int) -> Any:
    return jsonify(to_dict(db.first_or_404(tables.select_entity(entity_id))))


@app.get("/api/v1/entities")
def index() -> Any:
    cursor, size = request.args.get("cursor", 0, int), request.args.get("per_page", 20, int)
    rows = db.session.scalars(tables.select_after(cursor, size)).all()
    following = str(rows[size - 1].id) if len(rows) > size else None
    items = [to_dict(entity) for entity in rows[:size]]
    return jsonify(items=items, _meta={"per_page": size, "next_cursor": following})


@app.get("/api/v1/entities/<int:entity_id>/usability")
def usability(entity_id: int) -> Any:
    now = tables.utcnow()
    entity = db.first_or_404(tables.select_entity(entity_id))
    state = db.session.scalar(tables.select_state(entity_id))
    row = db.session.execute(tables.select_figures(entity_id, now)).one()
    down = db.session.scalar(tables.select_down(entity_id, now))
    site = {"id": entity.id, "name": entity.name, "slug": entity.slug, "url": entity.url}
    return jsonify(entity=site, **tables.make_figures(state, row, down))


@app.post("/api/v1/entities")
def new() -> Any:
    data = request.get_json()
    if db.session.scalar(tables.select_named(data["name"])):
        abort(409)
    entity = Entity(slug=slugify(data["name"]), owner=g.user, **data)
    db.session.add(entity)
    db.session.flush()
    db.session.add(Check(entity_id=entity.id, host=urlsplit(entity.url).hostname))
    answer = to_dict(entity)
    db.session.commit()
    return jsonify(answer), 201, {"Location": f"/api/v1/entities/{answer['id']}"}


@app.get("/entities/")
def list_page() -> str:
    number = request.args.get("page", 1, int)
    total = db.session.scalar(tables.count_entities())
    rows = db.session.scalars(tables.select_list(number, 50)).all()
    states = read_pairs(tables.select_states(rows))
    return render_template("list.html", rows=rows, states=states, total=total, number=number)


@app.get("/status/")
def status() -> str:
    checks = db.session.scalars(tables.select_public(50)).all()
    ids = [check.entity_id for check in checks]
    uptimes = tables.list_uptime_queries(ids, tables.utcnow())
    return render_template(
        "status.html",
        checks=checks,
        states=read_pairs(tables.count_states()),
        days=read_pairs(tables.select_days(ids)),
        uptimes_of=[read_pairs(query) for query in uptimes],
    )


def read_pairs(query: Any) -> dict[Any, Any]:
    return {row[0]: row[1] for row in db.session.execute(query)}


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
