"""The disk of the database is full: who reads is served, who writes is told, nothing is broken."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from quart.testing import QuartClient
from sqlalchemy import select, text

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Comment
from tests.disk import mount_disk

MOST = 2000  # writes until a disk of 4 MB is surely full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    with mount_disk(folder):
        yield folder


@pytest.fixture
def fresh_app(disk: Path, sqlite_template: Path) -> QuartApp:
    """An app whose database and folder are on the small disk."""
    place = shutil.copy(sqlite_template, disk / "data" / "test.db")
    return create_app(
        {"TESTING": True, "DATABASE_URL": f"sqlite:///{place}", "INSTANCE_PATH": disk / "data"}
    )


async def fill(client: QuartClient, path: str, headers: dict[str, str]) -> tuple[list[str], int]:
    """Write until that fails; return what was kept, and with which status it failed."""
    kept: list[str] = []
    for _ in range(MOST):
        body = secrets.token_hex(2000)
        answer = await client.post(path, json={"body": body}, headers=headers)
        if answer.status_code != 201:
            return kept, answer.status_code
        kept.append(body)
    return kept, 201


async def test_full_disk_refuses_who_writes_and_serves_who_reads(
    app: QuartApp, browser: QuartClient, bearer: dict[str, str], disk: Path
) -> None:
    client = app.test_client()
    site = {"name": "site", "url": "https://site.test/"}
    added = await client.post("/api/v1/entities", json=site, headers=bearer)
    path = f"{added.headers['Location']}/comments"

    kept, status = await fill(client, path, bearer)
    refused = await client.post(path, json={"body": "one more"}, headers=bearer)
    read = [
        (await client.get("/readyz")).status_code,
        (await client.get(path, headers=bearer)).status_code,
        (await browser.get("/entities/")).status_code,
        (await browser.get("/status/")).status_code,
    ]
    (disk / "ballast").unlink()
    again = await client.post(path, json={"body": "room again"}, headers=bearer)
    async with app.app_context(), db.read() as session:
        rows = list(await session.scalars(select(Comment.body).order_by(Comment.id)))
        sound = await session.scalar(text("PRAGMA integrity_check"))

    assert (status, refused.status_code) == (507, 507)
    assert (await refused.get_json())["detail"] == (
        "The disk of the database is full; nothing was written."
    )
    assert read == [200] * 4
    assert (again.status_code, rows, sound) == (201, [*kept, "room again"], "ok")
    assert len(kept) > 50
