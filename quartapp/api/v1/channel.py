from typing import Any

from quart import Blueprint, current_app, url_for
from quart_schema import validate_querystring, validate_request, validate_response

from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, may_answer
from quartapp.api.v1.paging import describe_page
from quartapp.api.v1.schemas import (
    ChannelIn,
    ChannelOut,
    ChannelPage,
    ChannelPatch,
    DeliveryOut,
    DeliveryPage,
    NewChannelOut,
    NumberQuery,
)
from quartapp.auth import get_box, get_user, login_required
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.limits.rules import limit
from quartapp.models import Channel, ChannelKind, Entity
from quartapp.models.address import read_bounds
from quartapp.services.address import refuse_unaskable
from quartapp.services.channel import (
    add_mail,
    add_test,
    add_webhook,
    change_secret,
    edit_channel,
    get_channel,
    remove_channel,
    select_channels,
    select_deliveries,
)
from quartapp.services.entity import get_entity
from quartapp.services.paging import paginate

bp = Blueprint("channel", __name__, url_prefix="/channels")


@bp.get("")
@login_required
@validate_querystring(NumberQuery)
@validate_response(ChannelPage)
async def index(query_args: NumberQuery) -> ChannelPage:
    """List your channels, the newest first, without their secrets."""
    query = select_channels(get_user())
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [ChannelOut.model_validate(channel) for channel in page.items]
    return ChannelPage(items=items, **describe_page(page))


@bp.get("/<id:channel_id>")
@login_required
@validate_response(ChannelOut)
async def show(channel_id: int) -> ChannelOut:
    """Return one of your channels, without its secret."""
    return ChannelOut.model_validate(await get_own(channel_id))


@bp.post("")
@login_required
@may_answer(404, 409)
@validate_request(ChannelIn)
@validate_response(NewChannelOut, 201)
async def new(data: ChannelIn) -> tuple[NewChannelOut, int, dict[str, str]]:
    """Have yourself told by mail, to your confirmed address, or by requests to a webhook."""
    channel, secret = await add(data)
    await db.session.commit()
    location = url_for("api_v1.channel.show", channel_id=channel.id)
    return show_secret(channel, secret), 201, {"Location": location}


def show_secret(channel: Channel, secret: str | None) -> NewChannelOut:
    shown = ChannelOut.model_validate(channel).model_dump()
    return NewChannelOut.model_validate({**shown, "wanted": channel.wanted, "secret": secret})


async def add(data: ChannelIn) -> tuple[Channel, str | None]:
    wishes = data.model_dump(include={"topics", "remind_every"})
    wishes["entity"] = await find_entity(data.entity_id)
    is_mail = data.kind == ChannelKind.MAIL
    if is_mail and data.url is None:
        return await add_mail(db.session, get_user(), **wishes), None
    if is_mail or data.url is None:
        text = "Mail goes to your own address." if is_mail else "A webhook needs an address."
        raise InvalidError.of_field("url", text)
    refuse_unaskable(data.url, read_bounds(current_app.config))
    return await add_webhook(db.session, get_user(), data.url, get_box(), **wishes)


async def find_entity(entity_id: int | None) -> Entity | None:
    """Return the site that a body names; None: all."""
    if entity_id is None:
        return None
    return await get_entity(db.session, entity_id, seen_by=get_user())


async def get_own(channel_id: int) -> Channel:
    return await get_channel(db.session, channel_id, seen_by=get_user())


@bp.patch("/<id:channel_id>")
@login_required
@validate_request(ChannelPatch)
@validate_response(ChannelOut)
async def edit(channel_id: int, data: ChannelPatch) -> ChannelOut:
    """Change what you are told there, or turn it off and on."""
    channel = await get_own(channel_id)
    changes: dict[str, Any] = data.model_dump(exclude_unset=True)
    if "entity_id" in changes:
        changes["entity"] = await find_entity(changes.pop("entity_id"))
    if changes.get("url", channel.url) != channel.url:
        refuse_unaskable(changes["url"], read_bounds(current_app.config))
    await edit_channel(db.session, channel, get_user(), **changes)
    await db.session.commit()
    return ChannelOut.model_validate(channel)


@bp.delete("/<id:channel_id>")
@login_required
@answers_nothing
async def remove(channel_id: int) -> tuple[str, int]:
    """Remove a channel; nothing that waits for it is sent."""
    await remove_channel(db.session, await get_own(channel_id), get_user())
    await db.session.commit()
    return "", 204


@bp.post("/<id:channel_id>/secret")
@login_required
@may_answer(409)
@validate_response(NewChannelOut)
async def new_secret(channel_id: int) -> NewChannelOut:
    """Have a new secret sign what a webhook gets; the old one signs nothing more."""
    channel = await get_own(channel_id)
    secret = await change_secret(db.session, channel, get_user(), get_box())
    await db.session.commit()
    return show_secret(channel, secret)


@bp.post("/<id:channel_id>/test")
@login_required
@limit("10/minute")
@idempotent
@may_answer(409)
@validate_response(DeliveryOut, 202)
async def test(channel_id: int) -> tuple[DeliveryOut, int]:
    """Have a test sent at once; what became of it stands on the channel and its deliveries."""
    row = await add_test(db.session, await get_own(channel_id), get_user())
    return DeliveryOut.model_validate(row), 202


@bp.get("/<id:channel_id>/deliveries")
@login_required
@validate_querystring(NumberQuery)
@validate_response(DeliveryPage)
async def deliveries(channel_id: int, query_args: NumberQuery) -> DeliveryPage:
    """List what a channel has told and is to tell, the newest first."""
    query = select_deliveries(await get_own(channel_id))
    page = await paginate(db.session, query, query_args.page, query_args.per_page)
    items = [DeliveryOut.model_validate(row) for row in page.items]
    return DeliveryPage(items=items, **describe_page(page))
