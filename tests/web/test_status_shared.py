"""What pages and programs of others take from status pages: badges, frames and feeds."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.headers import CSP
from quartapp.models import Check, Entity, Outage, SiteGroup, State, User
from quartapp.models.incident import Impact, NoteState
from quartapp.services.entity import add_entity
from quartapp.services.incident import add_incident

NAME = 'A&B <"shop">\uffff'  # U+FFFF stands in no XML
ATOM = "{http://www.w3.org/2005/Atom}"
START = datetime.fromisoformat("2026-03-03T10:00:00+00:00")
SITE, GROUP = "/status/a-b-shop", "/status/groups/shops"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"PUBLIC_URL": "https://sites.example", "TRUSTED_HOSTS": ["localhost"]}


@pytest.fixture(autouse=True)
async def site(app: Quart) -> Entity:
    """A site in a public group; another one is in none."""
    async with app.app_context(), db.begin() as session:
        sites = [
            await add_entity(session, name=name, url="http://a.test/", is_public=True, owner=None)
            for name in (NAME, "other")
        ]
        session.add(SiteGroup(name=NAME, slug="shops", is_public=True, entities=sites[:1]))
        await session.execute(update(Check).values(state=State.UP))
        return sites[0]


async def read_xml(client: QuartClient, path: str) -> ElementTree.Element:
    response = await client.get(path, headers={"Host": "localhost"})
    assert response.status_code == 200
    return ElementTree.fromstring(await response.get_data())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/badge.svg", "Status: All systems work"),
        (f"{GROUP}/badge.svg", 'A&B <"shop">\ufffd: All systems work'),
        (f"{SITE}/badge.svg", 'A&B <"shop">\ufffd: Up'),
        (f"{SITE}/badge.svg?label=Our+shop", "Our shop: Up"),
        (f"{SITE}/badge.svg?label=%3Csvg+onload%3D1%3E", "<svg onload=1>: Up"),
        (f"{SITE}/badge.svg?label=a%0Ab", 'A&B <"shop">\ufffd: Up'),
        (f"{SITE}/badge.svg?label={50 * 'x'}", f"{39 * 'x'}…: Up"),
    ],
)
async def test_badge_says_where_sites_stand(client: QuartClient, path: str, words: str) -> None:
    badge = await read_xml(client, path)
    texts = [found.text for found in badge.iter("{http://www.w3.org/2000/svg}text")]

    assert badge.get("aria-label") == words
    assert ": ".join(filter(None, texts)) == words
    assert badge.find("{http://www.w3.org/2000/svg}title").text == words  # type: ignore[union-attr]


async def test_badge_may_stand_on_pages_of_others(client: QuartClient) -> None:
    headers = (await client.get(f"{SITE}/badge.svg")).headers
    assert headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Content-Security-Policy"] == CSP


async def test_wide_letters_take_more_room(client: QuartClient) -> None:
    widths = []
    for label in ("ab", quote("\u7ad9\u70b9")):
        badge = await read_xml(client, f"/status/badge.svg?label={label}")
        widths.append(int(badge.get("width", 0)))
    assert widths[1] - widths[0] == 10


@pytest.mark.parametrize(
    ("path", "whole"), [("/status/embed", "/status/"), (f"{GROUP}/embed", GROUP)]
)
async def test_frame_may_stand_on_pages_of_others(
    client: QuartClient, path: str, whole: str
) -> None:
    answer = await client.get(path)
    page = await answer.get_data(as_text=True)

    policy = CSP.replace("frame-ancestors 'none'", "frame-ancestors *")
    assert (policy != CSP, answer.headers["Content-Security-Policy"]) == (True, policy)
    assert "All systems work" in page
    assert f'<a href="{whole}" target="_blank" rel="noopener">' in page
    assert page.count("<a ") == 1
    assert (await client.get("/status/")).headers["Content-Security-Policy"] == CSP


@pytest.fixture
async def _stories(app: Quart, site: Entity, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        known = {"entity_id": site.id, "reason": "dns", "cause": "Secret."}
        for hours, ended_at in ((0, START + timedelta(minutes=5)), (1, None)):
            started_at = START + timedelta(hours=hours)
            session.add(Outage(**known, started_at=started_at, ended_at=ended_at))
        note = {"state": NoteState.IDENTIFIED, "body": "A <disk> & more."}
        fields = {"title": "Status", "impact": Impact.MINOR, "started_at": START}
        await add_incident(session, await session.merge(admin), **fields, **note, entity_ids=None)


@pytest.mark.usefixtures("_stories")
@pytest.mark.parametrize(("page", "title"), [("/status/", "Status"), (GROUP, NAME)])
async def test_atom_tells_of_outages_and_incidents(
    client: QuartClient, page: str, title: str
) -> None:
    path = f"{page.rstrip('/')}/feed.atom"
    feed = await read_xml(client, path)
    links = [link.get("href") for link in feed.findall(f"{ATOM}link")]
    entries = [
        [entry.findtext(f"{ATOM}{name}") for name in ("title", "content", "published")]
        for entry in feed.findall(f"{ATOM}entry")
    ]
    ids = [str(entry.findtext(f"{ATOM}id")) for entry in feed.findall(f"{ATOM}entry")]

    assert feed.findtext(f"{ATOM}title") == title.replace("\uffff", "\ufffd")
    assert links == [f"https://sites.example{path}", f"https://sites.example{page}"]
    name = 'A&B <"shop">\ufffd'
    was, is_now = f"{name} was down for 5 minutes", f"{name} is down"
    assert entries == [
        ["Status", "Identified: A <disk> & more.\n", START.isoformat()],
        [is_now, is_now, (START + timedelta(hours=1)).isoformat()],
        [was, was, START.isoformat()],
    ]
    assert [id.rpartition("-")[0] for id in ids] == [
        "https://sites.example/status/#incident",
        *2 * [f"https://sites.example{SITE}#outage"],
    ]
    for id in ids:
        place, _, anchor = id.removeprefix("https://sites.example").partition("#")
        assert f'id="{anchor}"' in await (await client.get(place)).get_data(as_text=True)


@pytest.mark.usefixtures("_stories")
async def test_rss_tells_the_same(client: QuartClient) -> None:
    feed = await read_xml(client, "/status/feed.rss")
    items = feed.findall("channel/item")

    assert [item.findtext("title") for item in items][::2] == [
        "Status",
        'A&B <"shop">\ufffd was down for 5 minutes',
    ]
    assert items[2].findtext("pubDate") == "Tue, 03 Mar 2026 10:00:00 +0000"
    assert items[0].findtext("guid") == items[0].findtext("link")


async def test_feed_without_stories_stays_the_same(client: QuartClient) -> None:
    feed = await read_xml(client, "/status/feed.atom")
    assert feed.findtext(f"{ATOM}updated") == "2000-01-01T00:00:00+00:00"
    assert feed.findall(f"{ATOM}entry") == []


@pytest.mark.parametrize("page", ["/status/", GROUP])
async def test_pages_lead_to_their_feeds(client: QuartClient, page: str) -> None:
    text = await (await client.get(page)).get_data(as_text=True)
    for kind in ("atom", "rss"):
        address = f"{page.rstrip('/')}/feed.{kind}"
        assert f'<link rel="alternate" type="application/{kind}+xml"' in text
        assert text.count(f'href="{address}"') == 2
        assert (await client.get(address)).mimetype == f"application/{kind}+xml"


async def test_no_site_hides_a_page_of_all(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        for name in ("Groups", "Embed"):
            made = await add_entity(session, name=name, url="http://a.test/", owner=None)
            assert made.slug == f"{name.lower()}-2"
