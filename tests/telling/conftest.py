"""A farm of webhooks, and tellers that may send there."""

from collections.abc import AsyncIterator

import pytest

from quartapp.monitoring.client import Client, open_client
from quartapp.telling.teller import Teller
from tests.monitoring.conftest import ANY_PORT
from tests.monitoring.farm import LOOPBACK, Farm, open_farm
from tests.services.telling import BOX


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
