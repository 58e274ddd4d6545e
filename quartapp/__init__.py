"""quartapp: watch sites, keep what was found."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined

from quartapp import (
    api,
    auth,
    cli,
    error_handlers,
    headers,
    health,
    languages,
    live,
    log,
    mail,
    monitoring,
    refusals,
    system,
    telling,
    visits,
    web,
)
from quartapp.app import QuartApp
from quartapp.compiled import open_compiled
from quartapp.configure import EXIT_CONFIG, ConfigError, load_config
from quartapp.extensions import cache, db, limiter


def create_app(config: str | type | Mapping[str, Any] | None = None) -> QuartApp:
    """Put the application together, in the order a request meets it.

    *config*: "dev", "test", "prod" or "default", a class, the dotted path of one, or a mapping of
    settings; without one, the environment decides (APP_SETTINGS). Wrong settings: exit 78.
    """
    try:
        return assemble(load_config(config))
    except (ConfigError, log.LogFileError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(EXIT_CONFIG) from None


def assemble(settings: dict[str, Any]) -> QuartApp:
    instance = str(settings["INSTANCE_PATH"])
    app = QuartApp(__name__, static_folder=None, instance_path=instance)  # web.static serves them
    app.config.from_mapping(settings)
    app.jinja_options = {"undefined": StrictUndefined}  # a misspelt name is an error, not a gap
    if not (app.debug or app.testing):
        app.jinja_options["bytecode_cache"] = open_compiled(Path(instance))

    # What stops in this order, too: what works in the background before its database.
    background = mail, monitoring, telling, live, system, visits
    shared: list[Any] = [db, limiter, cache]
    if app.config["REDIS_URL"]:
        shared.insert(1, import_module("quartapp.remote"))  # 20 MB that nobody needs without Redis
    who, faces = (auth, languages), (web, api, cli)
    told = headers, error_handlers, refusals
    for part in (log, *background, *shared, *told, *who, health, *faces):
        part.init_app(app)
    if app.config["METRICS_TOKEN"]:
        import_module("quartapp.metrics").init_app(app)  # 2 MB that few processes need
    if app.config["OTEL_EXPORTER_OTLP_ENDPOINT"]:
        import_module("quartapp.tracing").init_app(app)  # an extra, as the next one
    if app.config["SENTRY_DSN"]:
        import_module("quartapp.reporting").init_app(app)
    if app.debug:
        import_module("quartapp.debug").init_app(app)  # production never loads it
    return app
