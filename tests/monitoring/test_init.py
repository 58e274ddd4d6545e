"""The watcher of a process that serves."""

from quart import Quart

from quartapp.config import Config
from quartapp.extensions import db
from quartapp.models import State
from quartapp.models.check import MAX_TIMEOUT, MIN_INTERVAL
from quartapp.monitoring import PATIENCE
from quartapp.monitoring.watch import MARGIN
from tests.monitoring.farm import Farm, make_answer, say
from tests.monitoring.test_watch import wait_for_results
from tests.services.watching import load_check, watch


async def test_process_that_serves_looks_at_sites_too(watching_app: Quart, farm: Farm) -> None:
    async with watching_app.app_context():
        host = farm.next_host()
        port = await farm.listen(say(make_answer()), host)
        await watch(f"http://{host}:{port}/")
        async with watching_app.test_app():
            await wait_for_results(1)
        assert (await load_check()).state == State.UP
        await db.engine.dispose()


def test_claim_outlasts_the_slowest_look_but_not_the_shortest_interval() -> None:
    slowest = PATIENCE + MAX_TIMEOUT + MARGIN

    assert slowest < Config.model_fields["CHECK_LEASE"].default <= MIN_INTERVAL
