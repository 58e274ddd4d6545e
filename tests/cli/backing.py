"""What tests of backups share: applications on databases without tables, and how they are asked."""

import asyncio
from collections.abc import Callable
from typing import Any

from click.testing import Result
from quart import Quart

from quartapp.extensions import db

Make = Callable[[str], Quart]


def call(app: Quart, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(one) for one in arguments])


def ask(app: Quart, question: Callable[[], Any]) -> Any:
    async def work() -> Any:
        async with app.app_context():
            try:
                return await question()
            finally:
                await db.engine.dispose()

    return asyncio.run(work())
