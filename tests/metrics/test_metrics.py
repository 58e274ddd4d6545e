"""`/metrics`: who may read it, what it tells, and that what is shipped asks for what is there."""

import json
import re
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from quart import Quart
from quart.testing import QuartClient

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.metrics import work
from quartapp.metrics.vitals import WorkerVitals
from quartapp.models.look import Outcome
from quartapp.monitoring import open_watcher
from tests.conftest import PATIENT
from tests.nginx import ROOT
from tests.outage import frozen
from tests.processes import Server
from tests.services.watching import watch

TOKEN = "a password for figures, and long"
DEPLOY = ROOT / "deploy"
NAMED = r"\b(?:quartapp|process)_\w+"


def log_in(token: str = TOKEN, user: str = "metrics") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{token}".encode()).decode()}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"METRICS_TOKEN": TOKEN, "CACHE_SIZE": 10_000}


async def read(client: QuartClient) -> dict[tuple[str, ...], float]:
    """Return each figure by its name and its labels."""
    response = await client.get("/metrics", headers=log_in())
    assert response.status_code == 200
    return parse(await response.get_data(as_text=True))


def parse(text: str) -> dict[tuple[str, ...], float]:
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {(one.name, *one.labels.values()): one.value for one in samples}


async def test_without_a_token_there_is_none(tmp_path: Path) -> None:
    client = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path}).test_client()

    assert (await client.get("/metrics", headers=log_in())).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        log_in("wrong"),
        log_in(""),
        log_in(user="admin"),
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": "Basic ?"},
    ],
)
async def test_who_does_not_know_the_token_sees_nothing(
    client: QuartClient, headers: dict[str, str]
) -> None:
    response = await client.get("/metrics", headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert "quartapp_" not in await response.get_data(as_text=True)


async def test_requests_are_counted_by_the_template_of_their_address(
    client: QuartClient,
) -> None:
    began = time.monotonic()
    for path in ("/livez", "/livez", "/api/v1/entities/1", "/api/v1/entities/2", "/a", "/b"):
        await client.get(path)
    await client.open("/livez", method="BREW")
    took = time.monotonic() - began

    found = await read(client)

    counts = {name: n for name, n in found.items() if name[0] == "quartapp_http_requests_total"}
    assert {name[1:]: number for name, number in counts.items()} == {
        ("GET", "/livez", "200"): 2,
        ("GET", "/api/v1/entities/<id:entity_id>", "401"): 2,
        ("GET", "other", "404"): 2,
        ("other", "other", "405"): 1,
    }
    assert found["quartapp_http_request_seconds_count", "GET", "/livez"] == 2
    assert 0 < found["quartapp_http_request_seconds_sum", "GET", "/livez"] <= took


async def test_work_that_waits_is_counted(app: Quart, client: QuartClient) -> None:
    async with app.app_context():
        await watch("http://a.example/", "http://b.example/")

    found = await read(client)

    assert found["quartapp_database_up",] == 1
    assert found["quartapp_work_due", "looks"] == 2
    assert found["quartapp_work_late_seconds", "looks"] >= 0
    assert found["quartapp_work_due", "mail"] == 0


async def test_process_tells_of_itself(app: QuartApp, client: QuartClient) -> None:
    app.refused = 3

    found = await read(client)

    assert found["quartapp_http_requests_in_flight",] == 1
    assert found["quartapp_http_requests_refused_total",] == 3
    assert found["quartapp_database_connections_limit",] == 10
    assert found["quartapp_sockets",] == found["quartapp_draining",] == 0
    assert found["process_resident_memory_bytes",] > 10_000_000


async def test_database_that_is_away_is_told_of(
    settings: dict[str, Any],
    postgres_url: str,
    postgres_server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": postgres_url}
    app = create_app(given | settings | PATIENT)
    async with app.test_app():
        monkeypatch.setattr(work, "PATIENCE", 30.0)  # a busy machine takes its time to connect
        before = await read(app.test_client())
        monkeypatch.setattr(work, "PATIENCE", 1.0)
        with frozen(postgres_server):
            during = await read(app.test_client())

    assert (before["quartapp_database_up",], during["quartapp_database_up",]) == (1, 0)
    assert during["quartapp_http_requests_total", "GET", "/metrics", "200"] == 1


async def test_worker_tells_what_came_of_its_looks(app: Quart) -> None:
    async with app.app_context(), open_watcher() as watcher:
        watcher.seen.update({Outcome.OK: 5, Outcome.FAIL: 2})
        found = {
            (one.name, *one.labels.values()): one.value
            for family in WorkerVitals(watcher).collect()
            for one in family.samples
        }

    assert found["quartapp_looks_total", "ok"] == 5
    assert found["quartapp_looks_total", "fail"] == 2
    assert found["quartapp_looks_limit",] == 50


@pytest.mark.parametrize(
    "path", ["prometheus/alerts.yml", "grafana/quartapp.json"], ids=lambda path: Path(path).name
)
async def test_what_is_shipped_asks_for_figures_that_are_there(
    app: Quart, client: QuartClient, path: str
) -> None:
    await client.get("/livez")
    async with app.app_context(), open_watcher() as watcher:
        watcher.seen[Outcome.OK] += 1
        app.extensions["watcher"] = watcher
        there = {name for name, *_ in await read(client)}
    text = (DEPLOY / path).read_text()
    asked = {*re.findall(NAMED, text)} - {"process_", "quartapp_token"}

    assert asked - there == set()
    assert len(asked) > 5


def test_dashboard_is_json_and_each_panel_has_its_place() -> None:
    panels = json.loads((DEPLOY / "grafana" / "quartapp.json").read_text())["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}

    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)
