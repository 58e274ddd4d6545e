import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import User
from tests.helpers import add_person


@pytest.fixture
async def ann(app: Quart) -> User:
    """An editor."""
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "ann")
