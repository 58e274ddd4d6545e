"""Feeds of what happened to public sites; their links start with PUBLIC_URL."""

from email.utils import format_datetime
from typing import Any

from quart import Response, url_for

from quartapp.cache import Sight
from quartapp.extensions import cache, db
from quartapp.mail.links import write_link
from quartapp.models import SiteGroup, utcnow
from quartapp.models.check import EPOCH
from quartapp.models.status import Part
from quartapp.models.story import Story
from quartapp.services.group import get_public_group
from quartapp.services.story import list_stories
from quartapp.web.status.blueprint import bp
from quartapp.web.status.xml import render_xml

KEPT = 10  # s, however often somebody asks


@bp.get("/feed.<any(atom, rss):kind>")
@cache.cached(KEPT, visible_to=Sight.EVERYONE)
async def feed(kind: str) -> Response:
    return await render_feed(kind, Part(), None)


@bp.get("/groups/<group_slug>/feed.<any(atom, rss):kind>")
@cache.cached(KEPT, visible_to=Sight.EVERYONE)
async def feed_of_group(group_slug: str, kind: str) -> Response:
    group = await get_public_group(db.session, group_slug)
    return await render_feed(kind, Part(group_id=group.id), group)


async def render_feed(kind: str, part: Part, group: SiteGroup | None) -> Response:
    stories = await list_stories(db.session, part, utcnow())
    names: dict[str, Any] = {"group_slug": group.slug} if group else {}
    page, own = ("show_group", "feed_of_group") if group else ("index", "feed")
    return await render_xml(
        f"status/feed.{kind}.xml",
        f"application/{kind}+xml",
        group=group,
        stories=stories,
        updated_at=max([story.updated_at for story in stories], default=EPOCH),
        page_link=write_link(url_for(f".{page}", **names)),
        own_link=write_link(url_for(f".{own}", kind=kind, **names)),
        find_link=find_link,
        format_datetime=format_datetime,
    )


def find_link(story: Story) -> str:
    """Return where a story stands: by that feed readers know it, too, in any feed."""
    page = url_for(".show", slug=story.slug) if story.slug else url_for(".index")
    return write_link(f"{page}#{story.anchor}")
