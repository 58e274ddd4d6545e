"""Who is asking, what they must have shown, and how a browser is signed in and out."""

import quart_auth
from quart import Quart

from quartapp.auth.asker import find_user, get_asker, get_user
from quartapp.auth.cookies import (
    confirm_login,
    find_cookie_name,
    init_cookies,
    login_user,
    logout_user,
    renew_login,
)
from quartapp.auth.csrf import make_csrf_token, refuse_foreign_form, refuse_forged_call
from quartapp.auth.gates import (
    acts_as_admin,
    admin_required,
    fresh_login_required,
    login_required,
    proof_required,
)
from quartapp.auth.loading import get_socket_user, load_socket_user, load_user, recognize
from quartapp.auth.passwords import (
    authenticate,
    authenticate_again,
    hash_new_password,
    hash_password_by_link,
)
from quartapp.auth.required_factor import (
    lacks_factor,
    must_use_passkey,
    needs_factor,
    open_without_factor,
    refuse_token_by_password,
)
from quartapp.auth.second_step import (
    begin_second_step,
    check_code,
    find_second_step,
    get_box,
    require_code,
)
from quartapp.auth.sockets import init_sockets
from quartapp.auth.streams import guard_stream

__all__ = [
    "acts_as_admin",
    "admin_required",
    "authenticate",
    "authenticate_again",
    "begin_second_step",
    "check_code",
    "confirm_login",
    "find_second_step",
    "find_user",
    "fresh_login_required",
    "get_asker",
    "get_box",
    "get_socket_user",
    "get_user",
    "guard_stream",
    "hash_new_password",
    "hash_password_by_link",
    "lacks_factor",
    "load_socket_user",
    "load_user",
    "login_required",
    "login_user",
    "logout_user",
    "make_csrf_token",
    "must_use_passkey",
    "needs_factor",
    "open_without_factor",
    "proof_required",
    "recognize",
    "refuse_foreign_form",
    "refuse_forged_call",
    "refuse_token_by_password",
    "renew_login",
    "require_code",
]


def init_app(app: Quart) -> None:
    # One object an app: QuartAuth keeps the settings of the first app that it meets.
    quart_auth.QuartAuth(
        app,
        cookie_name=find_cookie_name(app, "quartapp"),
        cookie_secure=app.config["SESSION_COOKIE_SECURE"],
        cookie_samesite=app.config["SESSION_COOKIE_SAMESITE"],
    )
    init_cookies(app)
    app.extensions["known_tokens"] = {}
    init_sockets(app)
    app.context_processor(lambda: {"current_user": find_user()})
    app.add_template_global(make_csrf_token, "csrf_token")
