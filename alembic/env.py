"""Alembic's environment: which database, what its tables should be, how new revisions are named."""

import asyncio
import logging
import re
from typing import Any

from alembic import context
from alembic.operations.ops import DropIndexOp, DropTableOp, ModifyTableOps
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import URL, Connection

from quartapp.cli.failures import explain_failure
from quartapp.configure import ConfigError, load_config
from quartapp.database.turns import run_in_turn
from quartapp.database.url import parse_url, place_file
from quartapp.models import Base
from quartapp.models.base import UtcDateTime

PARTITION = re.compile(r"result_\w+")  # PostgreSQL's: workers make and drop them, not revisions
ID_LENGTH = 32  # what the column alembic_version.version_num holds

config = context.config
options = config.cmd_opts


def find_url() -> URL:
    """Return the address that a command of the application gave, else that of the settings."""
    if url := config.attributes.get("url"):
        return url
    settings = load_config()
    return place_file(parse_url(settings["DATABASE_URL"]), settings["INSTANCE_PATH"])


def render_type(kind: str, item: Any, autogenerate: Any) -> str | bool:
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from quartapp.models.base import UtcDateTime")
        return "UtcDateTime()"
    return False


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name is None or not PARTITION.fullmatch(name)


def finish_revisions(_context: Any, _revision: Any, revisions: list[Any]) -> None:
    """Drop a generated revision that changes nothing; name the others, and mend what they drop."""
    if getattr(options, "autogenerate", False) and revisions[0].upgrade_ops.is_empty():
        revisions.clear()
        config.print_stdout("No changes in schema detected.")
    for revision in revisions:
        if not getattr(options, "rev_id", None):
            revision.rev_id = make_revision_id(revision.message or "")
        for side in (revision.upgrade_ops, revision.downgrade_ops):
            side.ops = leave_indexes_to_tables(side.ops)


def leave_indexes_to_tables(found: list[Any]) -> list[Any]:
    """Drop no index of a table that goes itself: MariaDB keeps one that a foreign key needs."""
    gone = {(op.schema, op.table_name) for op in found if isinstance(op, DropTableOp)}
    for op in found:
        if isinstance(op, ModifyTableOps) and (op.schema, op.table_name) in gone:
            op.ops = [item for item in op.ops if not isinstance(item, DropIndexOp)]
    return [op for op in found if not (isinstance(op, ModifyTableOps) and op.is_empty())]


def make_revision_id(message: str) -> str:
    """Return "0002_add_bug" for the second revision; two of one number are told apart by words."""
    number = len(list(context.script.walk_revisions())) + 1
    words = re.findall(r"[a-z0-9]+", message.lower())
    return "_".join([f"{number:04}", *words])[:ID_LENGTH].rstrip("_")


def check_references(*, ctx: MigrationContext, **_: Any) -> None:
    """Refuse a revision that leaves orphans on SQLite, whose foreign keys are off meanwhile."""
    if ctx.dialect.name == "sqlite" and not ctx.as_sql:
        orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        tables = ", ".join(sorted({row[0] for row in orphans}))
        if orphans:
            raise CommandError(f"Rows of {tables} would refer to nothing; nothing was changed.")


def configure(dialect: str, **given: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=True,  # so that a revision written for one database runs on SQLite, too
        render_item=render_type,
        include_name=is_ours,
        process_revision_directives=finish_revisions,
        on_version_apply=check_references,
        # All or nothing, but where each change of a table is kept by itself.
        transaction_per_migration=dialect in ("mysql", "mariadb"),
        transactional_ddl=True if dialect == "sqlite" else None,
        **given,
    )


def migrate(connection: Connection) -> None:
    configure(connection.dialect.name, connection=connection)
    with context.begin_transaction():
        context.run_migrations()


def write_sql(url: URL) -> None:
    configure(url.get_backend_name(), url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    if connection := config.attributes.get("connection"):
        migrate(connection)
    elif context.is_offline_mode():
        write_sql(find_url())
    else:
        asyncio.run(run_in_turn(find_url(), migrate))


# Changes nothing where logging is set up already, as it is inside the application.
logging.basicConfig(level="INFO", format="%(levelname)s [%(name)s] %(message)s")
try:
    run()
except ConfigError as error:
    raise CommandError(str(error)) from error
except Exception as error:
    if explanation := explain_failure(error):
        raise CommandError(explanation) from error
    raise
