"""Badges: small pictures of where sites stand, for the pages of others."""

from unicodedata import east_asian_width

from quart import Response, request
from quart_babel import gettext

from quartapp.cache import Sight
from quartapp.extensions import cache, db
from quartapp.languages import translate
from quartapp.models.event import cut
from quartapp.models.status import Part, write_headline, write_state
from quartapp.models.text import clean_line
from quartapp.services.check import get_check
from quartapp.services.entity import get_entity_by_slug
from quartapp.services.group import get_public_group
from quartapp.services.status import STRANGER
from quartapp.web.status.blueprint import bp
from quartapp.web.status.describe import load_headline
from quartapp.web.status.xml import render_xml

KEPT = 10  # s, however often pages of others show it
LABEL_LENGTH = 40  # characters
NARROW, WIDE = 7, 12  # pixels of a character
COLOURS = {"up": "#1a6b34", "down": "#b3261e", "partly": "#b3261e", "recovering": "#b3261e"}
COLOURS |= {"incident": "#8a5a00", "suspect": "#8a5a00", "maintenance": "#1f5fbf"}
FAINT = "#57606a"


@bp.get("/badge.svg")
@cache.cached(KEPT, visible_to=Sight.EVERYONE)
async def badge() -> Response:
    headline = await load_headline(Part())
    return await draw_badge(gettext("Status"), headline, write_headline(headline))


@bp.get("/groups/<group_slug>/badge.svg")
@cache.cached(KEPT, visible_to=Sight.EVERYONE)
async def badge_of_group(group_slug: str) -> Response:
    group = await get_public_group(db.session, group_slug)
    headline = await load_headline(Part(group_id=group.id))
    return await draw_badge(group.name, headline, write_headline(headline))


@bp.get("/<slug>/badge.svg")
@cache.cached(KEPT, visible_to=Sight.EVERYONE)
async def badge_of_site(slug: str) -> Response:
    entity = await get_entity_by_slug(db.session, slug, seen_by=STRANGER)
    state = (await get_check(db.session, entity)).state
    return await draw_badge(entity.name, state, write_state(state))


async def draw_badge(name: str, kind: str, words: str) -> Response:
    """Draw a badge that pages of any site may show."""
    label, value = cut(read_label() or name, LABEL_LENGTH), translate(words)
    answer = await render_xml(
        "status/badge.svg",
        "image/svg+xml",
        label=label,
        value=value,
        left=measure_text(label) + 10,
        right=measure_text(value) + 10,
        colour=COLOURS.get(kind, FAINT),
    )
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def read_label() -> str:
    """Return the label that the address asks for; one that is no line counts as none."""
    try:
        return clean_line(request.args.get("label", ""))
    except ValueError:
        return ""


def measure_text(text: str) -> int:
    return sum(WIDE if east_asian_width(one) in "WF" else NARROW for one in text)
