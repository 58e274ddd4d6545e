"""Figures for Prometheus: each process tells of itself, and of the work that waits for workers.

Loaded only where METRICS_TOKEN is set.
"""

import hmac

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from quart import Blueprint, Response, current_app, request

from quartapp.app import QuartApp
from quartapp.limits import unlimited
from quartapp.metrics.requests import watch_requests
from quartapp.metrics.vitals import Vitals
from quartapp.metrics.work import describe_waiting

USER = "metrics"  # of HTTP's own login, which no database is asked about
LOGIN = {"WWW-Authenticate": 'Basic realm="metrics", charset="UTF-8"'}

bp = Blueprint("metrics", __name__)


def init_app(app: QuartApp) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Vitals(app))
    watch_requests(app, registry)
    app.extensions["metrics"] = registry
    app.register_blueprint(bp)


@bp.get("/metrics")
@unlimited
async def show() -> Response:
    """Tell Prometheus how this process and the work that waits do; the database may be away."""
    if not is_known():
        return Response("Log in as metrics, with METRICS_TOKEN.\n", 401, LOGIN, "text/plain")
    text = generate_latest(current_app.extensions["metrics"])
    text += generate_latest(await describe_waiting())
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def is_known() -> bool:
    given = request.authorization
    if given is None or given.type != "basic" or given.username != USER:
        return False
    token = current_app.config["METRICS_TOKEN"]
    return hmac.compare_digest((given.password or "").encode(), token.encode())
