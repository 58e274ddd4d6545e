from datetime import datetime
from typing import Annotated

from pydantic import Field

from quartapp.api.v1.schemas.base import In, Out
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.models import Role
from quartapp.models.user import EMAIL_LENGTH

Email = Annotated[str, Field(max_length=EMAIL_LENGTH, json_schema_extra={"format": "email"})]


class InvitationIn(In):
    """Who is invited, and to what."""

    email: Email
    role: Role = Role.VIEWER


class InvitationOut(Out):
    """An invitation that still holds."""

    id: int
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


class NewInvitationOut(InvitationOut):
    """A new invitation; its link, which is sent by mail as well, is shown this once."""

    link: str


class InvitationPage(PageOut[InvitationOut]):
    """Invitations, a part of them."""
