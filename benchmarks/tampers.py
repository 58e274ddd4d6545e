"""Pages that move by themselves, and pages that are defaced: who is told of what, and when.

Run it as `python -m benchmarks.tampers`: 50 kinds of moving pages, 20 looks at each after they were
learned and accepted, then each is defaced in a way of its own. All goes through the reader, the
services and a database, as in a worker.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path

from quartapp import create_app
from quartapp.database.migrations import upgrade
from quartapp.extensions import db
from quartapp.models import Entity, Role, User
from quartapp.models.learning import MOST
from quartapp.services.entity import add_entity
from quartapp.services.tamper import accept_page
from quartapp.services.user import add_user
from tests.models.corpus import DEFACEMENTS, MOVING, render
from tests.services.reading import load_tampers, show

FETCHES = 20  # of each kind after it was learned: 1,000 of all
WITHIN = 2  # looks at a page that was defaced


async def learn(entity: Entity, owner: User, kind: str, rng: random.Random) -> int:
    """Have a page learned and accepted; return in how many looks."""
    for number in range(MOST):
        if await show(entity, render(kind, rng, number)) == ["unconfirmed"]:
            async with db.begin() as session:
                site = await session.get_one(Entity, entity.id)
                await accept_page(session, site, await session.get_one(User, owner.id))
            return number + 1
    raise AssertionError(f"{kind} is not learned after {MOST} looks.")


async def try_page(owner: User, kind: str, name: str) -> tuple[int, int, int | None]:
    """Return how long a page was learned, its false alarms, and the look that told of the other."""
    rng = random.Random(f"benchmark {kind}")
    async with db.begin() as session:
        me = await session.get_one(User, owner.id)
        entity = await add_entity(session, name=kind, url="http://a.example", owner=me)
    number = await learn(entity, owner, kind, rng)
    for later in range(FETCHES):
        await show(entity, render(kind, rng, number + later))
    false = len(await load_tampers(entity))
    for look in range(1, 2 * WITHIN + 1):
        page = DEFACEMENTS[name](render(kind, rng, number + FETCHES + look))
        await show(entity, page)
        if len(await load_tampers(entity)) > false:
            return number, false, look
    return number, false, None


async def measure() -> None:
    async with db.begin() as session:
        owner = await add_user(session, name="bob", password_hash="x", role=Role.EDITOR)
    start = time.perf_counter()
    rows = [await try_page(owner, *pair) for pair in zip(MOVING, DEFACEMENTS, strict=True)]
    learned, false, found = zip(*rows, strict=True)
    in_time = [look for look in found if look is not None and look <= WITHIN]
    print(f"{len(rows)} kinds of pages, each learned in {min(learned)} to {max(learned)} looks")
    print(f"{FETCHES * len(rows)} looks after that: {sum(false)} false alarms")
    print(f"{len(rows)} defacements: {len(in_time)} told within {WITHIN} looks")
    missed = [name for name, look in zip(DEFACEMENTS, found, strict=True) if look not in in_time]
    print(f"not in time: {', '.join(missed) or 'none'}")
    print(f"{time.perf_counter() - start:.0f} s in all")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'test.db'}"
        app = create_app({"TESTING": True, "DATABASE_URL": url, "INSTANCE_PATH": Path(folder)})
        async with app.app_context():
            await upgrade(db.engine)
            await measure()
            await db.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
