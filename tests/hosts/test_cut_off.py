"""One machine that serves and one that looks at sites are cut off while clients write."""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, Comment, Role, result, utcnow
from quartapp.models.check import MIN_INTERVAL
from quartapp.models.look import Outcome
from quartapp.services.entity import add_entity
from quartapp.services.user import add_user
from tests.helpers import make_bearer
from tests.hosts.ledger import Ledger, writing
from tests.hosts.machines import PORT, WORKERS, Machines, start_machines, start_worker
from tests.hosts.network import Network
from tests.hosts.waiting import wait_for

SITES = 24
JITTER = 0.1 * MIN_INTERVAL  # s: a look may be 5 % early, and the next one as late
SLACK = 12.0  # s that a busy machine of two cores may need


async def count_looked(session: AsyncSession, since: datetime) -> int:
    query = select(func.count(result.c.entity_id.distinct())).where(result.c.started_at > since)
    return await session.scalar(query) or 0


async def list_results(session: AsyncSession) -> list[Any]:
    return list(await session.execute(select(result).order_by(result.c.started_at)))


async def list_bodies(session: AsyncSession) -> list[str]:
    return list(await session.scalars(select(Comment.body)))


def add_sites(machines: Machines) -> Ledger:
    """Add the sites, and somebody who may write about the first."""
    address = machines.find_address("sites")

    async def add(session: AsyncSession) -> Ledger:
        user = await add_user(session, name="alice", password_hash="", role=Role.EDITOR)
        urls = [f"http://{address}:{PORT}/{number}" for number in range(SITES)]
        sites = [await add_entity(session, name=url, url=url, owner=user) for url in urls]
        await session.execute(update(Check).values(interval=MIN_INTERVAL))
        headers = await make_bearer(session, user) | {"Content-Type": "application/json"}
        return Ledger(("127.0.0.1", PORT), f"/api/v1/entities/{sites[0].id}/comments", headers)

    return machines.query(add)


def wait_for_looks(machines: Machines, since: datetime) -> None:
    """Wait until each site was looked at since then."""
    count = functools.partial(count_looked, since=since)
    wait_for(lambda: machines.query(count) == SITES, "each site is looked at")


def cut_off_at_work(machines: Machines) -> datetime:
    """Cut off one of each kind, while the worker looks at a site and the clients write."""
    wait_for(lambda: machines.count_written("web2"), "web2 takes writes")
    asked = machines.count_asked("worker2")
    wait_for(lambda: machines.count_asked("worker2") > asked, "worker2 looks at a site")
    machines.network.cut_off("web2", "worker2")
    return utcnow()


def join_again(machines: Machines) -> None:
    """Join them, and wait until both are at work again."""
    written, asked = machines.count_written("web2"), machines.count_asked("worker2")
    machines.network.join("web2", "worker2")
    wait_for(lambda: machines.is_ready("web2"), "web2 is ready again")
    wait_for(lambda: machines.count_written("web2") > written, "web2 takes writes again")
    wait_for(lambda: machines.count_asked("worker2") > asked, "worker2 looks again")


def find_longest_gap(rows: Iterable[Any], until: datetime) -> float:
    """Return for how many seconds a site was left out at most."""
    looks: dict[int, list[datetime]] = defaultdict(list)
    for row in rows:
        looks[row.entity_id].append(row.started_at)
    gaps = [gap for times in looks.values() for gap in pairwise([*times, until])]
    return max((after - before).total_seconds() for before, after in gaps)


@pytest.mark.timeout(400)  # each wait has a limit of its own
def test_hosts_that_are_cut_off_lose_no_write_and_leave_no_site_out(
    network: Network, tmp_path: Path
) -> None:
    with start_machines(network, tmp_path) as machines:
        ledger = add_sites(machines)
        for name in WORKERS:
            start_worker(machines, name)
        wait_for_looks(machines, since=utcnow() - timedelta(days=1))
        with writing(ledger, network.hosts["nginx"]):
            cut_at = cut_off_at_work(machines)
            wait_for_looks(machines, since=cut_at)
            apart = [machines.ask("web2", path).status for path in ("/livez", "/readyz")]
            join_again(machines)
        rows, kept = machines.query(list_results), Counter(machines.query(list_bodies))
        gap = find_longest_gap(rows, until=utcnow())

    print(f"\n{dict(ledger.seen)}, {len(rows)} looks, longest gap {gap:.1f} s")  # noqa: T201
    assert apart == [200, 503]
    assert ledger.seen.keys() - {"409", "503", "TimeoutError"} == {"201"}
    assert not ledger.given_up
    assert {body: kept[body] for body in ledger.written} == dict.fromkeys(ledger.written, 1)
    assert set(kept.values()) == {1}  # what nobody was told of is not there twice, either
    assert {row.outcome for row in rows} <= {Outcome.OK, Outcome.ERROR}
    assert gap < 2 * MIN_INTERVAL + JITTER + SLACK
