"""The debug panel of development."""

import logging
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select

from quartapp import create_app
from quartapp.debug.record import KEPT
from quartapp.debug.recorder import PACKAGE
from quartapp.extensions import db
from quartapp.models import Role, User
from tests.helpers import add_person, sign_in
from tests.processes import ROOT
from tests.services.watching import watch

HERE = {"client": ("127.0.0.1", 50_000)}


@pytest.fixture
async def debug_app(database_url: str, tmp_path: Path) -> AsyncIterator[Quart]:
    settings = {"TESTING": True, "DATABASE_URL": database_url, "INSTANCE_PATH": tmp_path}
    app = create_app({**settings, "DEBUG": True})
    level = logging.getLogger().level
    async with app.test_app():
        yield app
    logging.getLogger().setLevel(level)


@pytest.fixture
async def developer(debug_app: Quart) -> QuartClient:
    async with debug_app.app_context(), db.begin() as session:
        await add_person(session, "ann", role=Role.ADMIN)
    return await sign_in(debug_app.test_client(), "ann")


async def read(client: QuartClient, path: str) -> str:
    response = await client.get(path, scope_base=HERE)
    assert response.status_code == 200, path
    return str(await response.get_data(as_text=True))


async def test_page_shows_its_statements_where_they_are_sent(
    debug_app: Quart, developer: QuartClient
) -> None:
    async with debug_app.app_context():
        await watch("http://a.example/")
    page = await read(developer, "/entities/")

    assert page.count('<aside class="debug"') == 1
    assert page.index('<aside class="debug"') < page.index("</body>")
    places = set(re.findall(r"<span>[\d.]+ ms, (\S+):\d+ (\w+)</span>", page))
    assert ("quartapp/services/session.py", "find_session") in places
    assert ("quartapp/services/entity_rows.py", "load_site_pages") in places
    assert "<li>entity/index.html</li>" in page


async def test_json_says_what_it_cost_in_a_header(developer: QuartClient) -> None:
    response = await developer.get("/api/v1/entities")

    pattern = r'total;dur=[\d.]+, db;dur=[\d.]+;desc="\d statements?", lag;dur=-?[\d.]+'
    assert re.fullmatch(pattern, response.headers["Server-Timing"])
    assert "debug" not in await response.get_data(as_text=True)
    page = await read(developer, "/_debug/")
    (link,) = re.findall(r'<a href="(/_debug/requests/[^"]+)">GET /api/v1/entities</a>', page)
    assert "200 by api_v1.entity." in await read(developer, link)


async def test_statement_for_each_row_is_warned_of(
    debug_app: Quart, developer: QuartClient
) -> None:
    @debug_app.get("/slow")
    async def slow() -> str:
        for name in "abcde":
            await db.session.scalar(select(User).where(User.name == name))
        debug_app.logger.warning("This is %s.", "slow")
        return "<body></body>"

    page = await read(developer, "/slow")

    assert "<strong>N+1?</strong> One statement ran 5 times, first at quartapp/app.py:" in page
    assert "<li>WARNING quartapp: This is slow.</li>" in page


async def test_secrets_of_headers_are_hidden(developer: QuartClient) -> None:
    await developer.get("/", headers={"X-Color": "blue"})
    page = await read(developer, "/_debug/")
    link = re.findall(r'<a href="(/_debug/requests/[^"]+)">GET /</a>', page)[0]
    page = await read(developer, link)

    assert re.findall(r">(X-Color|Cookie)</th><td>(.*?)</td>", page) == [
        ("X-Color", "blue"),
        ("Cookie", "hidden"),
    ]


async def test_only_the_newest_requests_are_kept(developer: QuartClient) -> None:
    for _ in range(KEPT + 5):
        await developer.get("/livez")

    assert (await read(developer, "/_debug/")).count("GET /livez</a>") == KEPT
    gone = await developer.get("/_debug/requests/gone", scope_base=HERE)
    assert gone.status_code == 404


async def test_routes_are_listed_with_their_sources(developer: QuartClient) -> None:
    page = await read(developer, "/_debug/routes")

    assert re.search(
        r">/entities/&lt;slug&gt;</th><td>GET HEAD OPTIONS</td><td>entity.show</td>"
        r"<td>quartapp/web/entity/\w+.py:\d+</td>",
        page,
    )


@pytest.mark.parametrize("address", ["192.0.2.7", "not an address"])
async def test_other_machines_see_nothing(debug_app: Quart, address: str) -> None:
    client = debug_app.test_client()
    for path in ["/_debug/", "/_debug/routes", "/_debug/requests/a"]:
        answer = await client.get(path, scope_base={"client": (address, 1)})
        assert answer.status_code == 404


@pytest.mark.parametrize(("debug", "is_loaded"), [("False", "False"), ("True", "True")])
def test_only_debug_loads_the_panel(debug: str, is_loaded: str, tmp_path: Path) -> None:
    settings = f'{{"TESTING": True, "DEBUG": {debug}, "INSTANCE_PATH": {str(tmp_path)!r}}}'
    program = (
        f"import sys; from quartapp import create_app; app = create_app({settings});"
        "print('quartapp.debug' in sys.modules, '/_debug/' in map(str, app.url_map.iter_rules()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [is_loaded, is_loaded]


def test_package_is_where_places_are_told_from() -> None:
    assert PACKAGE == ROOT / "quartapp"
