"""The whole v1 contract. Change nothing here that a client can see; add."""

from quartapp.api.v1.schemas.audit import AuditQuery, EventOut, EventPage
from quartapp.api.v1.schemas.base import In, Out, Patch, omittable
from quartapp.api.v1.schemas.check import CheckOut, CheckPatch
from quartapp.api.v1.schemas.comment import CommentIn, CommentOut, CommentPage, CommentPatch
from quartapp.api.v1.schemas.entity import (
    EntityIn,
    EntityName,
    EntityOut,
    EntityPage,
    EntityPatch,
    EntityQuery,
    EntityUrl,
)
from quartapp.api.v1.schemas.invitation import (
    InvitationIn,
    InvitationOut,
    InvitationPage,
    NewInvitationOut,
)
from quartapp.api.v1.schemas.paging import LinksOut, MetaOut, NumberQuery, PageOut, PageQuery
from quartapp.api.v1.schemas.problem import ErrorOut, Problem
from quartapp.api.v1.schemas.session import SessionOut, SessionPage
from quartapp.api.v1.schemas.token import NewTokenOut, TokenIn, TokenOut, TokenPage
from quartapp.api.v1.schemas.usability import (
    FiguresOut,
    OutageOut,
    OutagePage,
    ResultOut,
    ResultPage,
    ResultQuery,
    SiteOut,
    UsabilityOfOne,
    UsabilityOut,
    UsabilityPage,
    UsabilityQuery,
)
from quartapp.api.v1.schemas.user import (
    AccountOut,
    MePatch,
    SetupIn,
    UserOut,
    UserPage,
    UserPatch,
    UserQuery,
)

__all__ = [
    "AccountOut",
    "AuditQuery",
    "CheckOut",
    "CheckPatch",
    "CommentIn",
    "CommentOut",
    "CommentPage",
    "CommentPatch",
    "EntityIn",
    "EntityName",
    "EntityOut",
    "EntityPage",
    "EntityPatch",
    "EntityQuery",
    "EntityUrl",
    "ErrorOut",
    "EventOut",
    "EventPage",
    "FiguresOut",
    "In",
    "InvitationIn",
    "InvitationOut",
    "InvitationPage",
    "LinksOut",
    "MePatch",
    "MetaOut",
    "NewInvitationOut",
    "NewTokenOut",
    "NumberQuery",
    "Out",
    "OutageOut",
    "OutagePage",
    "PageOut",
    "PageQuery",
    "Patch",
    "Problem",
    "ResultOut",
    "ResultPage",
    "ResultQuery",
    "SessionOut",
    "SessionPage",
    "SetupIn",
    "SiteOut",
    "TokenIn",
    "TokenOut",
    "TokenPage",
    "UsabilityOfOne",
    "UsabilityOut",
    "UsabilityPage",
    "UsabilityQuery",
    "UserOut",
    "UserPage",
    "UserPatch",
    "UserQuery",
    "omittable",
]
