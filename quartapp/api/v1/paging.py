"""How a listing is cut, by number or by key, and linked."""

from typing import Any
from urllib.parse import quote, urlencode

from itsdangerous import BadSignature, URLSafeSerializer
from quart import current_app, request

from quartapp.api.v1.schemas import LinksOut, MetaOut
from quartapp.errors import BadRequestError
from quartapp.security import SIGNING
from quartapp.services.paging import Page, Slice


def read_cursor(cursor: str) -> int:
    """Return the key that *cursor* holds; an empty one stands before the first row."""
    if not cursor:
        return 0
    try:
        after = make_signer().loads(cursor)
    except BadSignature as error:
        raise BadRequestError("This cursor was not given by this listing.") from error
    return int(after)


def write_cursor(after: int | None) -> str | None:
    return make_signer().dumps(after) if after is not None else None


def make_signer() -> URLSafeSerializer:
    """Return a signer of this listing: a cursor of another one is not valid here."""
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    salt = f"cursor {request.endpoint}"
    return URLSafeSerializer(keys, salt=salt, signer_kwargs=SIGNING)


def describe_page(page: Page[Any]) -> dict[str, Any]:
    meta = MetaOut(per_page=page.size, page=page.number, pages=page.pages, total=page.total)
    links = LinksOut(
        self=link(page=page.number),
        first=link(page=1),
        prev=link(page=page.number - 1) if page.has_prev else None,
        next=link(page=page.number + 1) if page.has_next else None,
        last=link(page=max(page.pages, 1)),
    )
    return {"meta": meta, "links": links}


def describe_slice(part: Slice[Any]) -> dict[str, Any]:
    following = write_cursor(part.next_key)
    links = LinksOut(
        self=link(),
        first=link(cursor=""),
        next=link(cursor=following) if following else None,
    )
    return {"meta": MetaOut(per_page=part.size, next_cursor=following), "links": links}


def link(**changes: Any) -> str:
    """Return the address of this listing with the same filters, but for *changes*."""
    values = {**request.args.to_dict(flat=False), **changes}
    query = urlencode(
        {name: value for name, value in values.items() if value is not None}, doseq=True
    )
    path = quote(f"{request.root_path}{request.path}")
    return f"{path}?{query}" if query else path
