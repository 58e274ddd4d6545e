"""Machines for the tests, where this one may make them."""

from collections.abc import Iterator

import pytest

from tests.hosts.network import Network, find_lack, open_network
from tests.servers import skip_without


@pytest.fixture(scope="session")
def _namespaces() -> None:
    if lack := find_lack():
        skip_without("hosts", lack)


@pytest.fixture
def network(_namespaces: None) -> Iterator[Network]:
    with open_network() as network:
        yield network
