"""The application as it is, but that the name server of the test tells it where sites are."""

from quartapp import create_app
from quartapp.monitoring import client
from quartapp.monitoring.names import Lookup, Names
from tests.chaos.names import look_up

__all__ = ["create_app"]


def make_names(_lookup: Lookup) -> Names:
    return Names(look_up)


client.Names = make_names  # type: ignore[assignment,misc]
