import pytest

from quartapp.app import QuartApp
from tests.api.helpers import Api
from tests.helpers import KINDS


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(app: QuartApp, bearer: dict[str, str]) -> Api:
    """The API, called as the administrator."""
    return Api(app, bearer)


@pytest.fixture
def stranger(app: QuartApp) -> Api:
    """The API, called by nobody known."""
    return Api(app, {})
