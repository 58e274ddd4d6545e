"""What a webhook gets: an event as the API shows it, and a signature of who sends it."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from quartapp.models import Event
from quartapp.services.tell import Notice

TEST = "test"  # in place of the kind of an event


def write_payload(notice: Notice) -> bytes:
    event = notice.event
    told = describe_event(event) if event else describe_test(notice)
    told |= {"title": notice.title, "delivery": notice.delivery_id, "number": notice.number}
    told["digest"] = [describe_event(turn) for turn in notice.digest]
    return json.dumps(told, ensure_ascii=False).encode()


def describe_event(event: Event) -> dict[str, Any]:
    """Return what `GET /api/v1/events` has of it."""
    site, author = event.entity, event.author
    return {
        "id": event.id,
        "kind": event.kind,
        "at": write_time(event.at),
        "entity": {"id": site.id, "name": site.name, "slug": site.slug, "url": site.url},
        "title": event.title,
        "detail": event.detail,
        "subject_id": event.subject_id,
        "author": {"id": author.id, "name": author.name} if author else None,
    }


def describe_test(notice: Notice) -> dict[str, Any]:
    nothing = dict.fromkeys(("id", "entity", "subject_id", "author"))
    return {**nothing, "kind": TEST, "at": write_time(notice.at), "detail": ""}


def write_time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a moment and a body, which who knows the secret can make, too."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
