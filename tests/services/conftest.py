import pytest

from quartapp.database import engine
from tests.helpers import KINDS


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let many connect at once, on a busy machine too."""
    monkeypatch.setitem(engine.POSTGRESQL, "timeout", 30)
    monkeypatch.setitem(engine.MYSQL, "connect_timeout", 30)
