"""Alembic's commands on a database of a test, and what they left there."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from alembic.config import Config
from sqlalchemy import URL, Connection, inspect, text

from quartapp.database.engine import make_engine
from quartapp.database.migrations import make_config
from quartapp.models import Base
from tests.helpers import list_revisions

ROOT = Path(__file__).parents[2]
TABLES = sorted(Base.metadata.tables)

BROKEN = """
import os
from alembic import op
import sqlalchemy as sa

revision = "broken"
down_revision = "{head}"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    {fault}


def downgrade():
    op.drop_table("half")
"""


def copy_scripts(folder: Path) -> Path:
    """Copy alembic/ to *folder*, for revisions of the tests."""
    target = folder / "alembic"
    shutil.copytree(ROOT / "alembic", target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def empty_versions(scripts: Path) -> None:
    for path in (scripts / "versions").glob("*.py"):
        path.unlink()


def configure(url: URL, scripts: Path | None = None, **given: object) -> Config:
    config = make_config(attributes={"url": url}, **given)
    if scripts:
        config.set_main_option("script_location", str(scripts))
    return config


def add_revision(scripts: Path, fault: str) -> None:
    """Let a revision follow the latest one."""
    broken = BROKEN.format(fault=fault, head=list_revisions()[-1])
    (scripts / "versions" / "broken.py").write_text(broken)


def ask(url: URL, question: Callable[[Connection], object]) -> object:
    """Ask a database on a loop of its own."""

    async def work() -> object:
        engine = make_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(question)
        finally:
            await engine.dispose()

    return asyncio.run(work())


def find_tables(url: URL) -> list[str]:
    found = ask(url, lambda connection: inspect(connection).get_table_names())
    assert isinstance(found, list)
    return sorted({*found} - {"alembic_version", "result_rest"})  # PostgreSQL's part for any day


def find_version(url: URL) -> object:
    return ask(url, lambda connection: connection.scalar(text("SELECT * FROM alembic_version")))


def write(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def start(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
