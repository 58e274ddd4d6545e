"""Unexpected failures, told to Sentry: what went wrong and where, nothing of what people sent.

Loaded only where SENTRY_DSN is set. Each line of the log from ERROR on is told, too.
"""

import asyncio
from typing import Any

import sentry_sdk
from quart import Quart
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.quart import QuartIntegration

from quartapp.log import request_id, trace_id
from quartapp.log.failures import find_quoting, name_error
from quartapp.log.formats import to_plain, with_message
from quartapp.log.redact import mask
from quartapp.system.process import read_versions

GOODBYE = 2  # s for the last reports of a process that stops
DEEP = 12  # how deep an event is nested, down to the lines of a frame
KEPT = (  # of an event; its other parts are what was asked, and who did
    *("event_id", "timestamp", "platform", "level", "logger", "logentry", "exception"),
    *("transaction", "transaction_info", "environment", "release", "sdk", "contexts", "tags"),
)


def init_app(app: Quart) -> None:
    sentry_sdk.init(
        dsn=app.config["SENTRY_DSN"],
        environment=app.config["SENTRY_ENVIRONMENT"],
        release=f"quartapp@{read_versions()['quartapp']}",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        shutdown_timeout=GOODBYE,
        before_send=scrub,
        # Others would note the arguments of commands, and write headers into what we ask of sites.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            QuartIntegration("url"),
            LoggingIntegration(level=None, sentry_logs_level=None),
            DedupeIntegration(),
            ExcepthookIntegration(),
            AtexitIntegration(callback=lambda _pending, _timeout: None),
        ],
    )
    app.after_serving(send_rest)


async def send_rest() -> None:
    await asyncio.to_thread(sentry_sdk.flush, GOODBYE)


def scrub(event: Any, hint: dict[str, Any]) -> Any:
    """Return what of *event* leaves this machine; None: nothing does."""
    if event.get("logger", "").startswith("opentelemetry"):
        return None  # a collector that is away is no failure of ours
    kept = {key: event[key] for key in KEPT if key in event}
    if kept.get("transaction_info", {}).get("source") != "route":
        kept.pop("transaction", None)  # an address as it was asked for
    kept.get("contexts", {}).pop("trace", None)  # what the headers of who asks say of theirs
    if record := hint.get("log_record"):
        kept["logentry"] = {"message": with_message(record).msg}
    if failure := hint.get("exc_info"):
        hide_values(kept, failure[1])
    kept["tags"] = {"request_id": request_id.get(), "trace_id": trace_id.get()}
    return mask(kept, to_plain, DEEP)


def hide_values(event: Any, failure: BaseException) -> None:
    """Of failures of the database tell the codes alone: their texts quote what people sent."""
    names = {type(error).__qualname__: name_error(error) for error in find_quoting(failure)}
    for told in event.get("exception", {}).get("values", []):
        told["value"] = names.get(told["type"], told["value"])
