from datetime import datetime

from quartapp.api.v1.schemas.base import Out
from quartapp.api.v1.schemas.paging import PageOut


class SessionOut(Out):
    """A browser that is signed in: what it calls itself, and from where it was last seen."""

    id: int
    browser: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionPage(PageOut[SessionOut]):
    """Sessions, a part of them."""
