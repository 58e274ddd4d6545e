"""A farm of sites, and a client that may look at them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart

from quartapp import create_app
from quartapp.monitoring.client import Client, open_client
from tests.monitoring.farm import LOOPBACK, Farm, open_farm
from tests.monitoring.papers import Authority

USER_AGENT = "quartapp/1.2.3 (+https://watch.example.org)"
ANY_PORT = ["1-65535"]


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    async with open_farm() as farm:
        yield farm


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority.write_file(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def client(farm: Farm, ca_file: str) -> AsyncIterator[Client]:
    async with open_client(
        user_agent=USER_AGENT,
        ports=ANY_PORT,
        allowed=LOOPBACK,
        ca_file=ca_file,
        lookup=farm.lookup,
    ) as client:
        yield client


@pytest.fixture
def watching_app(database_url: str, tmp_path: Path) -> Quart:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    return create_app({"TESTING": True, "CHECKS_IN_WEB": True, **place})
