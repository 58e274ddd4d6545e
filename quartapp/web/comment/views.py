from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue
from quart_babel import gettext

from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.models import Comment, Entity
from quartapp.services.comment import edit_comment, get_comment, refuse_stranger, remove_comment
from quartapp.services.entity import get_entity_by_slug
from quartapp.web.entity.forms import CommentForm
from quartapp.web.forms import BaseForm

bp = Blueprint("comment", __name__, url_prefix="/entities/<slug>/comments/<id:comment_id>")


@bp.route("/edit", methods=["GET", "POST"])
@login_required
async def edit(slug: str, comment_id: int) -> ResponseReturnValue:
    entity, comment = await get_own(slug, comment_id)
    form = await CommentForm.read(comment)
    if await form.is_accepted():
        await edit_comment(db.session, comment, get_user(), body=form.body.data)
        return await say_done(slug, gettext("The comment was changed."))
    shown = {"form": form, "entity": entity, "comment": comment}
    return await render_template("comment/edit.html", **shown), form.status


@bp.route("/remove", methods=["GET", "POST"])
@login_required
async def remove(slug: str, comment_id: int) -> ResponseReturnValue:
    entity, comment = await get_own(slug, comment_id)
    form = await BaseForm.read()
    if await form.is_accepted():
        await remove_comment(db.session, comment, get_user())
        return await say_done(slug, gettext("The comment was removed."))
    shown = {"form": form, "entity": entity, "comment": comment}
    return await render_template("comment/remove.html", **shown), form.status


async def get_own(slug: str, comment_id: int) -> tuple[Entity, Comment]:
    """Return a site and a comment on it that who asks may change."""
    entity = await get_entity_by_slug(db.session, slug, seen_by=get_user())
    comment = await get_comment(db.session, entity.id, comment_id)
    refuse_stranger(comment, get_user())
    return entity, comment


async def say_done(slug: str, message: str) -> ResponseReturnValue:
    await flash(message, "success")
    await db.session.commit()
    return redirect(url_for("entity.show", slug=slug), 303)
