"""The debug panel: what each request did, for who develops; only DEBUG loads this package."""

from quart import Quart

from quartapp.debug.recorder import watch_app
from quartapp.debug.views import bp

__all__ = ["init_app"]


def init_app(app: Quart) -> None:
    watch_app(app)
    app.register_blueprint(bp)
