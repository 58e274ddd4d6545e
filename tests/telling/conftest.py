"""A farm of webhooks, and tellers that may send there."""

from collections.abc import AsyncIterator

import pytest
from quart import Quart

from quartapp.models import Entity, User
from quartapp.monitoring.client import Client, open_client
from quartapp.telling.teller import Teller
from tests.monitoring.conftest import ANY_PORT
from tests.monitoring.farm import LOOPBACK, Farm, open_farm
from tests.services.telling import BOX, add_reader
from tests.services.watching import watch


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    async with open_farm() as farm:
        yield farm


@pytest.fixture
async def client(farm: Farm) -> AsyncIterator[Client]:
    async with open_client(
        user_agent="quartapp", ports=ANY_PORT, allowed=LOOPBACK, lookup=farm.lookup
    ) as client:
        yield client


@pytest.fixture
def teller(client: Client) -> Teller:
    return Teller(client, BOX)


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def ann(app: Quart) -> User:
    """Somebody who may be told by mail."""
    async with app.app_context():
        return await add_reader()
