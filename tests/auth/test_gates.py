"""Who gets past the gate of administrators."""

import pytest

from quartapp.app import QuartApp
from quartapp.auth import admin_required, load_user
from quartapp.extensions import db
from quartapp.models import Role, Scope
from tests.helpers import add_person, make_bearer


@pytest.fixture
def gated(fresh_app: QuartApp) -> QuartApp:
    """An app with a view for administrators."""

    async def answer() -> dict[str, str]:
        return {"detail": "done"}

    fresh_app.before_request(load_user)
    fresh_app.add_url_rule("/api/gate", "gate", admin_required(answer))
    return fresh_app


async def knock(app: QuartApp, headers: dict[str, str]) -> tuple[int, str]:
    response = await app.test_client().get("/api/gate", headers=headers)
    return response.status_code, (await response.get_json())["detail"]


@pytest.mark.parametrize(
    ("role", "scope", "status", "words"),
    [
        (Role.ADMIN, Scope.ADMIN, 200, "done"),
        (Role.ADMIN, Scope.WRITE, 403, "This needs a token with the scope admin."),
        (Role.EDITOR, Scope.WRITE, 403, "Only administrators may do this."),
        (Role.VIEWER, Scope.READ, 403, "Only administrators may do this."),
    ],
)
async def test_program_needs_an_administrator_and_the_scope(
    gated: QuartApp, role: Role, scope: Scope, status: int, words: str
) -> None:
    async with gated.app_context(), db.begin() as session:
        headers = await make_bearer(session, await add_person(session, "ann", role=role), scope)
    assert await knock(gated, headers) == (status, words)


async def test_stranger_is_asked_to_sign_in(gated: QuartApp) -> None:
    assert await knock(gated, {}) == (401, "Sign in to see this.")
