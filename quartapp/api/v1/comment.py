from quart import Blueprint, Response, url_for, websocket
from quart_cors import cors_exempt
from quart_schema import (
    document_response,
    validate_querystring,
    validate_request,
    validate_response,
)

from quartapp.api.answers import write_out
from quartapp.api.conditional import Answer, answer_unless_known, check_conditions, tag
from quartapp.api.idempotency import idempotent
from quartapp.api.openapi import answers_nothing, conditional
from quartapp.api.problems import validate
from quartapp.api.v1.paging import describe_page, describe_slice, read_cursor
from quartapp.api.v1.schemas import CommentIn, CommentOut, CommentPage, CommentPatch, PageQuery
from quartapp.auth import get_socket_user, get_user, login_required
from quartapp.extensions import db
from quartapp.models import Comment
from quartapp.services.comment import (
    add_comment,
    edit_comment,
    get_comment,
    refuse_stranger,
    remove_comment,
    select_comments,
)
from quartapp.services.entity import get_entity
from quartapp.services.paging import paginate, paginate_after

bp = Blueprint("comment", __name__, url_prefix="/entities/<id:entity_id>/comments")


@bp.get("")
@login_required
@validate_querystring(PageQuery)
@validate_response(CommentPage)
async def index(entity_id: int, query_args: PageQuery) -> CommentPage:
    """List the comments on an entity, oldest first."""
    entity, size = await get_entity(db.session, entity_id, seen_by=get_user()), query_args.per_page
    query = select_comments(entity)
    if query_args.cursor is not None:
        after = read_cursor(query_args.cursor)
        part = await paginate_after(db.session, query, Comment.id, after, size)
        return CommentPage(items=to_out(part.items), **describe_slice(part))
    page = await paginate(db.session, query, query_args.page, size)
    return CommentPage(items=to_out(page.items), **describe_page(page))


def to_out(comments: list[Comment]) -> list[CommentOut]:
    return [CommentOut.model_validate(comment) for comment in comments]


@bp.get("/<id:comment_id>")
@login_required
@conditional
@document_response(CommentOut)
async def show(entity_id: int, comment_id: int) -> Response:
    """Return one comment."""
    comment = await get_comment(db.session, entity_id, comment_id)
    etag = tag(comment, comment.author)
    return answer_unless_known(etag, lambda: write_out(CommentOut.model_validate(comment)))


@bp.post("")
@login_required
@conditional
@idempotent
@validate_request(CommentIn)
@validate_response(CommentOut, 201)
async def new(entity_id: int, data: CommentIn) -> tuple[CommentOut, int, dict[str, str]]:
    """Comment on an entity."""
    entity = await get_entity(db.session, entity_id, seen_by=get_user())
    comment = await add_comment(db.session, entity, data.body, get_user())
    location = url_for("api_v1.comment.show", entity_id=entity_id, comment_id=comment.id)
    headers = {"Location": location, "ETag": tag(comment, comment.author)}
    return CommentOut.model_validate(comment), 201, headers


@bp.put("/<id:comment_id>")
@login_required
@conditional
@validate_request(CommentIn)
@validate_response(CommentOut)
async def replace(entity_id: int, comment_id: int, data: CommentIn) -> Answer:
    """Replace a comment."""
    return await change(entity_id, comment_id, data.model_dump())


@bp.patch("/<id:comment_id>")
@login_required
@conditional
@validate_request(CommentPatch)
@validate_response(CommentOut)
async def edit(entity_id: int, comment_id: int, data: CommentPatch) -> Answer:
    """Change what is sent of a comment, nothing else."""
    return await change(entity_id, comment_id, data.model_dump(exclude_unset=True))


async def change(entity_id: int, comment_id: int, values: dict[str, str]) -> Answer:
    comment = await get_own(entity_id, comment_id)
    await edit_comment(db.session, comment, get_user(), **values)
    await db.session.commit()
    return CommentOut.model_validate(comment), 200, {"ETag": tag(comment, comment.author)}


async def get_own(entity_id: int, comment_id: int) -> Comment:
    """Return a comment that may be changed, and is as the client has seen it."""
    comment = await get_comment(db.session, entity_id, comment_id)
    refuse_stranger(comment, get_user())
    check_conditions(tag(comment, comment.author))
    return comment


@bp.delete("/<id:comment_id>")
@login_required
@conditional
@answers_nothing
async def remove(entity_id: int, comment_id: int) -> tuple[str, int]:
    """Remove a comment."""
    await remove_comment(db.session, await get_own(entity_id, comment_id), get_user())
    await db.session.commit()
    return "", 204


@bp.websocket("/live")
@cors_exempt
@login_required
async def live(entity_id: int) -> None:
    """Say that the socket is connected; then keep each message as a comment and send it back."""
    async with db.read() as session:
        await get_entity(session, entity_id, seen_by=get_user())
    await websocket.send_json({"type": "connected", "entity_id": entity_id})
    while True:
        out = await keep_message(entity_id, await websocket.receive())
        await websocket.send_json({"type": "comment", "comment": out.model_dump(mode="json")})


async def keep_message(entity_id: int, message: str | bytes) -> CommentOut:
    """Keep a message of somebody who may still write."""
    data = validate(CommentIn, {"body": message})
    async with db.begin() as session:
        user = await get_socket_user(session)
        entity = await get_entity(session, entity_id, seen_by=user)
        comment = await add_comment(session, entity, data.body, user)
    return CommentOut.model_validate(comment)
