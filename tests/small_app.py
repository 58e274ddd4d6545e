"""A QuartApp of a few lines, for tests that need no database and no faces."""

from typing import Any

from quart import Quart
from werkzeug.exceptions import HTTPException

from quartapp.app import QuartApp
from quartapp.errors import AppError, InvalidError


def make_small_app(static_folder: str | None = None, **config: Any) -> QuartApp:
    app = QuartApp("small", static_folder=static_folder, static_url_path="/static")
    app.config.from_mapping(config)
    app.register_error_handler(AppError, answer_error)
    app.register_error_handler(HTTPException, answer_http_error)
    return app


def answer_error(error: AppError) -> tuple[dict[str, Any], int]:
    answer: dict[str, Any] = {"detail": str(error)}
    if isinstance(error, InvalidError):
        answer["errors"] = [[list(fault.loc), fault.type] for fault in error.errors]
    return answer, error.status


def answer_http_error(error: HTTPException) -> tuple[dict[str, Any], int]:
    return {"detail": error.name}, error.code or 500


async def call(app: Quart, method: str, path: str, **kwargs: Any) -> tuple[int, str]:
    """Return the status and the body of the answer."""
    response = await app.test_client().open(path, method=method, **kwargs)
    return response.status_code, await response.get_data(as_text=True)
