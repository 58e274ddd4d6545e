import asyncio
import time

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.models import utcnow
from quartapp.monitoring.lag import KEPT, LagMeter
from quartapp.system import get_vitals


async def test_process_that_serves_measures_its_event_loop(app: QuartApp) -> None:
    async with app.app_context():
        vitals = get_vitals()
        await asyncio.sleep(0.05)
        time.sleep(0.4)  # noqa: ASYNC251 (this is what is measured)
        await asyncio.sleep(0.05)
    assert vitals.lag.worst > 0.2
    assert vitals.started_at <= utcnow()


async def test_measuring_ends_with_the_process() -> None:
    app = create_app({"TESTING": True})
    async with app.test_app():
        task = app.extensions["vitals_task"]
        assert not task.done()
    assert task.cancelled()


def test_meter_that_has_not_measured_is_not_late() -> None:
    meter = LagMeter()
    assert meter.worst == 0.0
    meter.lags.extend([9.0] + [0.25] * KEPT)
    assert meter.worst == 0.25
