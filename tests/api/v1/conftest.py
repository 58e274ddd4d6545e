import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Scope, User
from tests.api.helpers import Api
from tests.helpers import add_person, make_bearer


@pytest.fixture
async def head(app: Quart, admin: User) -> Api:
    """The API, called as the administrator, with a token that has the scope admin."""
    async with app.app_context(), db.begin() as session:
        return Api(app, await make_bearer(session, admin, Scope.ADMIN))


@pytest.fixture
async def ann(app: Quart) -> User:
    """An editor."""
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "ann")


@pytest.fixture
async def hers(app: Quart, ann: User) -> Api:
    """The API, called as Ann."""
    async with app.app_context(), db.begin() as session:
        return Api(app, await make_bearer(session, ann))
