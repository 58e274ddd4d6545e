import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, Role, User
from tests.helpers import KINDS, add_person
from tests.services.telling import add_reader
from tests.services.watching import watch


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def ann(app: Quart) -> User:
    """Somebody who may be told by mail."""
    async with app.app_context():
        return await add_reader()


@pytest.fixture
async def entities(app: Quart) -> list[Entity]:
    async with app.app_context():
        return await watch("http://a.example", "http://b.example")


@pytest.fixture
async def boss(app: Quart) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "boss", role=Role.ADMIN)


@pytest.fixture
async def people(app: Quart) -> list[User]:
    """Three of them: whoever stands between two others has both as neighbours."""
    async with app.app_context(), db.begin() as session:
        return [await add_person(session, name) for name in ("ann", "bob", "eve")]
