"""The watcher of a process that serves."""

from quart import Quart

from quartapp.extensions import db
from quartapp.models import State
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
