import pytest

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import User
from tests.helpers import KINDS, add_person


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def ann(app: QuartApp) -> User:
    """Somebody who has an address."""
    async with app.app_context(), db.begin() as session:
        user = await add_person(session, "ann")
        user.email = "ann@example.org"
    return user
