import re
from pathlib import Path

import pytest
from quart import Quart, url_for
from quart.testing import QuartClient

from quartapp.web import static

CSS = (static.FOLDER / "app.css").read_bytes()


async def test_hashed_name_is_kept_for_a_year(app: Quart, client: QuartClient) -> None:
    async with app.test_request_context("/"):
        address = url_for("static", filename="app.css")
    response = await client.get(address)
    assert static.HASHED.fullmatch(address.removeprefix("/static/"))
    assert await response.get_data() == CSS
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.mimetype == "text/css"


async def test_plain_name_is_asked_for_each_time(client: QuartClient) -> None:
    response = await client.get("/static/app.css")
    assert response.headers["Cache-Control"] == "public, max-age=0"
    again = await client.get("/static/app.css", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_name_changes_with_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "FOLDER", tmp_path)
    names = set()
    for content in ("a", "b"):
        (tmp_path / "x.css").write_text(content)
        names.add(static.hash_name("x.css", changing=True))
    assert len(names) == 2


@pytest.mark.parametrize(
    "name",
    [
        "nothing.css",
        "app.000000000000.js",
        "../config.py",
        "..%2fconfig.py",
        "%2e%2e/config.py",
        "",
    ],
)
async def test_what_is_not_there_is_not_found(client: QuartClient, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status_code == 404


async def test_pages_load_nothing_from_elsewhere(client: QuartClient) -> None:
    page = await (await client.get("/auth/login")).get_data(as_text=True)
    assert "http://" not in page
    assert "https://" not in page
    scripts = re.findall(r"<script.*?</script>", page, re.S)
    own = r'<script type="module" src="/static/\w+\.[0-9a-f]{12}\.js"></script>'
    assert [script for script in scripts if not re.fullmatch(own, script)] == []
    assert "style=" not in page
