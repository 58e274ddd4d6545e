"""The page that adds many sites from a file, with a script and without."""

import asyncio
import io
import json
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from quartapp.extensions import db
from quartapp.models import Check, Entity
from quartapp.services.group import select_groups
from quartapp.services.site_import import Plan, Source
from quartapp.web.entity import importing
from tests.helpers import add_person, read_token, sign_in
from tests.services.test_site_foreign import GATUS, KUMA

PATH = "/entities/import"
LINES = {"Accept": "application/x-ndjson"}


def make_csv(count: int) -> str:
    lines = [f"Site {number},https://example.org/{number}" for number in range(count)]
    return "\n".join(["name,url", *lines])


async def send(client: QuartClient, text: str = "", **given: Any) -> tuple[int, str, str]:
    """Send the form; return status, location and body."""
    form = {"text": text, "csrf_token": await read_token(client, PATH)} | given.pop("form", {})
    response = await client.post(PATH, form=form, **given)
    body = await response.get_data(as_text=True)
    return response.status_code, response.headers.get("Location", ""), body


async def send_lines(client: QuartClient, text: str) -> tuple[int, list[dict[str, Any]]]:
    status, _, body = await send(client, text, headers=LINES)
    return status, [json.loads(line) for line in body.splitlines()]


async def count(app: Quart) -> tuple[int, int]:
    """Return how many sites there are, and how many checks."""
    async with app.app_context(), db.read() as session:
        sites = await session.scalar(select(func.count()).select_from(Entity))
        checks = await session.scalar(select(func.count()).select_from(Check))
    return sites or 0, checks or 0


async def test_sites_of_a_text_are_added_and_told(app: Quart, browser: QuartClient) -> None:
    assert (await send(browser, make_csv(250)))[:2] == (303, "/entities/")
    page = await (await browser.get("/entities/")).get_data(as_text=True)
    assert "250 sites were added." in page
    assert PATH in page
    assert await count(app) == (250, 250)


async def test_file_counts_before_the_text(app: Quart, browser: QuartClient) -> None:
    file = FileStorage(io.BytesIO(make_csv(2).encode()), filename="sites.csv")
    assert (await send(browser, "nonsense", files={"file": file}))[0] == 303
    assert await count(app) == (2, 2)


@pytest.mark.parametrize("field", ["csrf_token", "source", "text"])
async def test_file_is_no_value_of_another_field(
    app: Quart, browser: QuartClient, field: str
) -> None:
    file = FileStorage(io.BytesIO(b"kuma"), filename="sites.csv")
    assert (await send(browser, make_csv(2), files={field: file}))[:2] == (303, "/entities/")
    assert await count(app) == (2, 2)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sites.exe", make_csv(2).encode(), "ends in .csv, .json, .jsonl, .ndjson, .txt, .yaml,"),
        ("sites.csv.zip", make_csv(2).encode(), "ends in .csv, .json, .jsonl, .ndjson, .txt, "),
        ("sites.json", make_csv(2).encode(), "not what its name says"),
        ("sites.yaml", make_csv(2).encode(), "not what its name says"),
        ("sites.csv", b"\xef\xbb\xbf [{}]", "not what its name says"),
        ("sites.txt", make_csv(2).encode(), ""),
        ("sites.csv", b"PK\x03\x04\x14\x00\xff\xfe", "UTF-8"),
        ("sites.json", b"\x89PNG\r\n\x1a\n\x00", "UTF-8"),
        ("../../etc/SITES.CSV", make_csv(2).encode(), ""),
    ],
)
async def test_file_is_what_its_name_says(
    app: Quart, browser: QuartClient, name: str, content: bytes, said: str
) -> None:
    file = FileStorage(io.BytesIO(content), filename=name)
    status, _, page = await send(browser, files={"file": file})
    assert (status, said in page) == (422 if said else 303, True)
    assert await count(app) == ((0, 0) if said else (2, 2))


async def test_file_over_the_limit_is_refused(app: Quart, browser: QuartClient) -> None:
    over = make_csv(2).encode() + b"\n" * importing.MAX_IMPORT
    file = FileStorage(io.BytesIO(over), filename="sites.csv")
    assert (await send(browser, files={"file": file}))[0] == 413
    assert await count(app) == (0, 0)


async def test_text_in_place_of_a_file_is_none(app: Quart, browser: QuartClient) -> None:
    assert (await send(browser, make_csv(2), form={"file": "x"}))[0] == 303
    assert await count(app) == (2, 2)


async def test_all_faults_are_shown_and_nothing_is_added(app: Quart, browser: QuartClient) -> None:
    text = "name,url\nGood,https://example.org/\n<b>,ftp://x\n,https://example.org/"
    status, _, page = await send(browser, text)
    assert status == 422
    assert "Line 3, url: An address starts with http:// or https://, and a host follows." in page
    assert "Line 4, name: This is needed." in page
    assert "&lt;b&gt;,ftp://x" in page
    assert await count(app) == (0, 0)


async def test_taken_names_are_refused_or_passed_over(app: Quart, browser: QuartClient) -> None:
    await send(browser, make_csv(1))
    status, _, page = await send(browser, make_csv(2))
    assert (status, "Line 2, name: The name &#39;Site 0&#39; is taken." in page) == (422, True)
    assert (await send(browser, make_csv(2), form={"skip_existing": "y"}))[0] == 303
    page = await (await browser.get("/entities/")).get_data(as_text=True)
    assert "1 site was added. 1 was there already." in page
    assert await count(app) == (2, 2)


async def test_thousand_sites_with_descriptions_fit(app: Quart, browser: QuartClient) -> None:
    lines = [
        f"Site {number},https://example.org/{number},{'x' * 2_000},true" for number in range(1_000)
    ]
    text = "\r\n".join(["name,url,content,is_public", *lines])
    file = FileStorage(io.BytesIO(text.encode()), filename="sites.csv")
    assert (await send(browser, files={"file": file}))[0] == 303
    assert await count(app) == (1_000, 1_000)


async def test_script_is_told_how_far_it_is(app: Quart, browser: QuartClient) -> None:
    assert await send_lines(browser, make_csv(250)) == (
        200,
        [
            {"done": 100, "total": 250},
            {"done": 200, "total": 250},
            {"done": 250, "total": 250},
            {"location": "/entities/", "said": "250 sites were added.", "rest": []},
        ],
    )
    assert await count(app) == (250, 250)


async def test_script_is_told_all_faults(app: Quart, browser: QuartClient) -> None:
    assert await send_lines(browser, "name,url\n,https://example.org/") == (
        422,
        [{"errors": ["Line 2, name: This is needed."]}],
    )
    token = {"csrf_token": "x"}
    assert (await send(browser, make_csv(1), form=token, headers=LINES))[0] == 403
    assert await count(app) == (0, 0)


async def test_import_that_fails_midway_leaves_nothing(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    adds = importing.add_sites

    async def fail(*arguments: Any) -> Any:
        async for done in adds(*arguments):
            if done == 200:
                raise RuntimeError
            yield done

    monkeypatch.setattr(importing, "add_sites", fail)
    said = "The sites could not be added, and none was. Try again in a moment."
    assert await send_lines(browser, make_csv(250)) == (
        200,
        [{"done": 100, "total": 250}, {"errors": [said]}],
    )
    assert await count(app) == (0, 0)


async def test_client_that_leaves_undoes_the_import(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    adds, begun = importing.add_sites, asyncio.Event()

    async def hang(*arguments: Any) -> Any:
        async for done in adds(*arguments):
            yield done
            if done == 200:
                begun.set()
                await asyncio.Event().wait()

    token = await read_token(browser, PATH)
    monkeypatch.setattr(importing, "add_sites", hang)
    async with asyncio.timeout(10):
        headers = {
            **LINES,
            "X-CSRFToken": token,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with browser.request(PATH, method="POST", headers=headers) as connection:
            await connection.send(f"text={make_csv(250)}".encode())
            await connection.send_complete()
            await begun.wait()
            await connection.disconnect()

    assert await count(app) == (0, 0)
    monkeypatch.setattr(importing, "add_sites", adds)
    assert (await send(browser, make_csv(250)))[0] == 303


async def test_lines_that_nobody_takes_any_more_undo_the_import(app: Quart) -> None:
    rest = {"url": "https://example.org/", "content": "", "is_public": False}
    plan = Plan([{"name": f"Site {number}", **rest} for number in range(250)])
    async with app.app_context():
        lines = importing.write_progress(db.begin(), plan, None, {}, [])
    assert [await anext(lines), await anext(lines)] == [
        b'{"done": 100, "total": 250}\n',
        b'{"done": 200, "total": 250}\n',
    ]
    await lines.aclose()
    assert await count(app) == (0, 0)


# --- of other programs


async def send_foreign(
    client: QuartClient, source: Source, text: str, **given: Any
) -> tuple[int, str, str]:
    form = {"source": source.value, "skip_faulty": "y"}
    return await send(client, text, form=form, **given)


async def list_groups(app: Quart) -> dict[str, list[str]]:
    async with app.app_context(), db.read() as session:
        groups = (await session.scalars(select_groups())).all()
    return {group.name: [entity.name for entity in group.entities] for group in groups}


async def test_sites_of_other_programs_come_with_groups_and_what_is_left_out_is_told(
    app: Quart, browser: QuartClient
) -> None:
    status, _, page = await send_foreign(browser, Source.KUMA, KUMA)

    told = [
        "5 sites were added.",
        "Passed over: Line 563: Router: monitors of type ping have no counterpart",
        "Left out: notificationList",
        "Line 106, Front page: left out: headers (X-Api-Key), notificationIDList,",
    ]
    assert (status, [line for line in told if line not in page]) == (200, [])
    assert await count(app) == (5, 5)
    assert await list_groups(app) == {"Shop": ["Front page", "Search"]}


async def test_script_is_told_what_is_left_out(browser: QuartClient) -> None:
    status, _, body = await send_foreign(browser, Source.GATUS, GATUS, headers=LINES)
    *_, end = [json.loads(line) for line in body.splitlines()]

    assert (status, end["location"]) == (200, "/entities/")
    assert any(line.startswith("Passed over: Line ") for line in end["rest"])
    assert any(", health (core): left out: " in line for line in end["rest"])


async def test_what_cannot_be_added_refuses_the_file_unless_it_may_be_passed_over(
    app: Quart, browser: QuartClient
) -> None:
    status, _, page = await send(browser, KUMA, form={"source": "kuma"})

    assert (status, "monitors of type ping have no counterpart" in page) == (422, True)
    assert await count(app) == (0, 0)


async def test_editor_gets_the_sites_and_no_groups(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob")
    bob = await sign_in(app.test_client(), "bob")

    status, _, page = await send_foreign(bob, Source.KUMA, KUMA)

    assert (status, await count(app), await list_groups(app)) == (200, (5, 5), {})
    assert "Only administrators may change groups: the sites are in none." in page


@pytest.mark.parametrize("source", ["", "nagios"])
async def test_unknown_format_is_refused(app: Quart, browser: QuartClient, source: str) -> None:
    assert (await send(browser, make_csv(1), form={"source": source}))[0] == 422
    assert await count(app) == (0, 0)
