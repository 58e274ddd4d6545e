"""The HTML face."""

from quart import Quart, request

from quartapp.auth import load_user
from quartapp.errors import ForbiddenError
from quartapp.log import request_id
from quartapp.web import auth, entity, main, static
from quartapp.web.forms import make_csrf_token

BLUEPRINTS = (main.bp, auth.bp, entity.bp)


async def refuse_foreign_site() -> None:
    """Refuse a form that stands on another site, whatever token it carries."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForbiddenError("Forms of other sites are not accepted.")


for blueprint in BLUEPRINTS:
    blueprint.before_request(refuse_foreign_site)
    blueprint.before_request(load_user)


def init_app(app: Quart) -> None:
    static.init_app(app)
    app.add_template_global(make_csrf_token, "csrf_token")
    app.add_template_global(request_id.get, "request_id")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
