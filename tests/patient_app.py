"""The application as it is, but that a look measures on a busy machine, too."""

from quartapp import create_app
from quartapp.monitoring import lag

__all__ = ["create_app"]

lag.LIMIT = 30.0  # as tests/conftest.py has it for the process of the tests
