"""Every failure becomes an AppError, and the face that was asked says it."""

import logging
from typing import cast

from quart import (
    Quart,
    Request,
    Response,
    Websocket,
    g,
    has_websocket_context,
    make_response,
    request,
    websocket,
)
from quart_schema import RequestSchemaValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from quartapp.api.problems import make_invalid, make_problem
from quartapp.database import classify
from quartapp.errors import AppError
from quartapp.refusals import note_refusal
from quartapp.texts import Text
from quartapp.web.errors import render_error

logger = logging.getLogger(__name__)
CONFESSION = Text("Something went wrong here; it has been noted.")
FAILURES = (AppError, HTTPException, SQLAlchemyError)


class UnexpectedError(AppError):
    """A mistake of ours; the log knows more than the answer."""

    status = 500
    title = Text("Internal error")


# What pages say of the refusals of Quart and Werkzeug, by their names; the API keeps their words.
REFUSALS: dict[str, str] = {
    Text("Bad Request"): Text("The server cannot read what the browser sent."),
    Text("Forbidden"): Text("This is not for you to see."),
    Text("Not Found"): Text("There is nothing at this address."),
    Text("Method Not Allowed"): Text("This cannot be done at this address."),
    Text("Request Timeout"): Text("The request took too long to arrive."),
    Text("Request Entity Too Large"): Text("What was sent is too large."),
    Text("Request URI Too Long"): Text("The address is too long."),
    Text("Unsupported Media Type"): Text("The server does not take data of this kind."),
    Text("Internal Server Error"): CONFESSION,
    Text("Service Unavailable"): Text("The server is busy; try again in a moment."),
}
OTHERWISE = Text("The server does not do this.")


class HttpError(AppError):
    """What Quart or Werkzeug refused before a view was asked."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(error.description or error.name)
        self.status = error.code or 500
        self.title = error.name

    @property
    def text(self) -> str:
        return REFUSALS.get(self.title, OTHERWISE)


def init_app(app: Quart) -> None:
    for kind in FAILURES:
        app.register_error_handler(kind, answer_error)


async def answer_error(raised: Exception) -> Response:
    """Answer *raised* as JSON or as a page: the address decides, elsewhere the Accept header."""
    error = to_app_error(raised)
    g.refusal = str(error)
    asked: Request | Websocket = websocket if has_websocket_context() else request
    wants_json = has_websocket_context() or asked.path.startswith("/api/") or prefers_json(asked)
    answer = make_problem(error) if wants_json else await render_error(error)
    response = cast(Response, await make_response(answer))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(raised, HTTPException):
        copy_headers(raised, response)
    if has_websocket_context():  # which has no hook after its answer
        note_refusal(websocket, error.status)
    return response


def prefers_json(asked: Request | Websocket) -> bool:
    accepted = asked.accept_mimetypes
    best = accepted.best_match(["text/html", "application/json", "application/problem+json"])
    return best is not None and best != "text/html" and accepted[best] > accepted["text/html"]


def copy_headers(error: HTTPException, response: Response) -> None:
    """Keep what a status asks for: `Allow` of a 405, `Retry-After` of a 503."""
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value


def to_app_error(error: Exception) -> AppError:
    if isinstance(error, AppError):
        return error
    if isinstance(error, RequestSchemaValidationError):
        return make_invalid(error.validation_error)
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        return classify(error.original_exception) or UnexpectedError(CONFESSION)
    if isinstance(error, HTTPException):
        return HttpError(error)
    return classify_or_confess(error)


def classify_or_confess(error: BaseException) -> AppError:
    known = classify(error)
    if known is None:
        logger.error("Unexpected failure.", exc_info=error)
        return UnexpectedError(CONFESSION)
    logger.warning("The database failed: %s", error)
    return known
