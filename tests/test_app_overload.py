"""More than a process can do: told so at once, and what it has begun goes on."""

import asyncio

import pytest

from quartapp.app import QuartApp
from tests.small_app import make_small_app


@pytest.fixture
def free() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def app(free: asyncio.Event) -> QuartApp:
    app = make_small_app(MAX_IN_FLIGHT=2)

    @app.get("/slow")
    @app.get("/api/slow")
    async def wait() -> str:
        await free.wait()
        return "done"

    @app.get("/livez")
    async def livez() -> str:
        return "alive"

    return app


async def fill(app: QuartApp) -> list[asyncio.Task[int]]:
    """Start as many requests as may be in flight."""

    async def ask() -> int:
        return (await app.test_client().get("/slow")).status_code

    tasks = [asyncio.create_task(ask()) for _ in range(2)]
    while app.in_flight < 2:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0)
    return tasks


async def test_what_is_too_much_is_refused_and_the_rest_goes_on(
    app: QuartApp, free: asyncio.Event
) -> None:
    running = await fill(app)
    refused = await app.test_client().get("/slow")
    free.set()

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert await refused.get_data(as_text=True) == (
        "The server has too much to do at the moment; try again.\n"
    )
    assert [await task for task in running] == [200, 200]
    assert app.in_flight == 0
    assert (await app.test_client().get("/slow")).status_code == 200


async def test_the_api_is_told_by_a_problem(app: QuartApp, free: asyncio.Event) -> None:
    running = await fill(app)
    refused = await app.test_client().get("/api/slow")
    free.set()
    await asyncio.gather(*running)

    problem = await refused.get_json()
    assert refused.content_type == "application/problem+json"
    assert (problem["status"], problem["request_id"]) == (503, refused.headers["X-Request-ID"])


async def test_supervisors_are_always_answered(app: QuartApp, free: asyncio.Event) -> None:
    running = await fill(app)
    alive = await app.test_client().get("/livez")
    free.set()
    await asyncio.gather(*running)

    assert alive.status_code == 200


async def test_who_leaves_makes_room(app: QuartApp, free: asyncio.Event) -> None:
    running = await fill(app)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for _ in range(10):
        await asyncio.sleep(0)
    free.set()

    assert (await app.test_client().get("/slow")).status_code == 200
