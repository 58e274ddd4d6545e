import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from quart import Quart

from quartapp import log

Configure = Callable[..., Quart]

SETTINGS = {
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "text",
    "LOG_FILE": "",
    "LOG_ROTATION": "size",
    "LOG_MAX_BYTES": 10_000_000,
    "LOG_WHEN": "midnight",
    "LOG_BACKUPS": 7,
}


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Set up logging for a bare app with the given settings; at the end, none is set up."""

    def configure(**settings: Any) -> Quart:
        app = Quart("example")
        app.config.update(SETTINGS, **settings)
        log.init_app(app)
        return app

    yield configure
    names = ["example", "hypercorn.error", *log.TELLTALES]
    nothing = {"version": 1, "disable_existing_loggers": False}
    loggers = {name: {"level": "NOTSET"} for name in names}
    root = {"level": "WARNING", "handlers": []}
    logging.config.dictConfig({**nothing, "loggers": loggers, "root": root})


@pytest.fixture(params=["text", "json"])
def any_format(configure: Configure, request: pytest.FixtureRequest) -> None:
    configure(LOG_FORMAT=request.param)


@pytest.fixture
def text(configure: Configure) -> None:
    configure(LOG_FORMAT="text")


@pytest.fixture
def as_json(configure: Configure) -> None:
    configure(LOG_FORMAT="json")


@pytest.fixture(autouse=True)
def _reports_of_loss_are_failures(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert "lines are lost" not in capsys.readouterr().err
