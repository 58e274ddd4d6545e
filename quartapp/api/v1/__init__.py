"""Version 1: resources under /api/v1."""

from typing import Any, cast

from quart import Blueprint, Quart
from quart_cors import cors
from quart_schema import HttpSecurityScheme, Info, QuartSchema
from quart_schema.openapi import APIKeySecurityScheme
from quart_schema.typing import PydanticDumpOptions

from quartapp.api.answers import make_maker
from quartapp.api.idempotency import HEADER, REPLAYED, refuse_useless_key
from quartapp.api.openapi import ApiProvider
from quartapp.api.v1 import (
    audit,
    bug,
    channel,
    check,
    comment,
    docs,
    entity,
    event,
    group,
    incident,
    invitation,
    live,
    maintenance,
    session,
    system,
    tamper,
    token,
    usability,
    user,
)
from quartapp.auth import load_socket_user, load_user, refuse_forged_call

INFO = Info(
    title="quartapp",
    version="1",
    description="Sites, how they do, and comments on them. Send a token of POST /api/v1/tokens.",
)
ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    HEADER,
    "If-Match",
    "If-None-Match",
    "X-Request-ID",
]
EXPOSED_HEADERS = [
    "ETag",
    REPLAYED,
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]
PARTS = (
    entity,
    comment,
    check,
    usability,
    maintenance,
    group,
    incident,
    tamper,
    bug,
    event,
    live,
    channel,
    user,
    token,
    session,
    invitation,
    audit,
    system,
)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def init_app(app: Quart) -> None:
    app.register_blueprint(make_blueprint(app.config["API_DOCS"]))
    if origins := app.config["CORS_ORIGINS"]:
        cors(
            app,
            allow_origin=origins,
            allow_headers=ALLOWED_HEADERS,
            allow_methods=METHODS,
            expose_headers=EXPOSED_HEADERS,
            max_age=600,
        )
    plain = app.make_response
    # One object an app: QuartSchema keeps what it learns from the first app that it meets.
    QuartSchema(
        app,
        openapi_path=None,
        info=INFO,
        openapi_provider_class=ApiProvider,
        pydantic_dump_options=cast(PydanticDumpOptions, {"mode": "json", "by_alias": True}),
        security_schemes={
            "bearer": HttpSecurityScheme(scheme="bearer"),
            "cookie": APIKeySecurityScheme(in_="cookie", name="quartapp"),
        },
    )
    cast(Any, app).make_response = make_maker(plain, app.make_response)


def make_blueprint(with_docs: bool) -> Blueprint:
    bp = Blueprint("api_v1", __name__, url_prefix="/api/v1")
    bp.before_request(load_user)
    bp.before_request(refuse_forged_call)
    bp.before_request(refuse_useless_key)
    bp.before_websocket(load_socket_user)
    for part in PARTS:
        bp.register_blueprint(part.bp)
    if with_docs:
        bp.register_blueprint(docs.bp)
    return bp
