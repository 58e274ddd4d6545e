from collections.abc import Iterator
from pathlib import Path

import pytest

from quartapp import create_app
from tests.hardening.ground import Ground


@pytest.fixture
def ground(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    place = {"DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path, "DATABASE_TIMEOUT": 30}
    ground = Ground(create_app({"TESTING": True, **place}), monkeypatch)
    yield ground
    ground.close()
