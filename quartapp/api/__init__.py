"""The JSON face, one package per version."""

from quart import Quart

from quartapp.api import v1


def init_app(app: Quart) -> None:
    v1.init_app(app)
