"""Every table, in one place to import from."""

from quartapp.models.audit import Action, AuditEvent
from quartapp.models.base import Base, utcnow
from quartapp.models.bug import Bug, BugNote
from quartapp.models.certificate import notice
from quartapp.models.channel import Channel, ChannelKind, Delivery
from quartapp.models.check import Check
from quartapp.models.comment import Comment
from quartapp.models.entity import Entity
from quartapp.models.event import Event, EventKind
from quartapp.models.glance import glance
from quartapp.models.group import SiteGroup
from quartapp.models.idempotency import KeptAnswer
from quartapp.models.incident import Incident, IncidentNote
from quartapp.models.link import Link, Purpose
from quartapp.models.maintenance import Maintenance
from quartapp.models.outbox import OutboxMessage, OutboxState
from quartapp.models.passkey import Passkey
from quartapp.models.result import result
from quartapp.models.rollup import daily, hourly, rolled
from quartapp.models.second_factor import RecoveryCode, SecondFactor
from quartapp.models.session import UserSession
from quartapp.models.tamper import Baseline, PageWatch, Tamper
from quartapp.models.token import ApiToken, Scope
from quartapp.models.usability import Outage, State
from quartapp.models.user import Role, User
from quartapp.models.visit import visits

__all__ = [
    "Action",
    "ApiToken",
    "AuditEvent",
    "Base",
    "Baseline",
    "Bug",
    "BugNote",
    "Channel",
    "ChannelKind",
    "Check",
    "Comment",
    "Delivery",
    "Entity",
    "Event",
    "EventKind",
    "Incident",
    "IncidentNote",
    "KeptAnswer",
    "Link",
    "Maintenance",
    "Outage",
    "OutboxMessage",
    "OutboxState",
    "PageWatch",
    "Passkey",
    "Purpose",
    "RecoveryCode",
    "Role",
    "Scope",
    "SecondFactor",
    "SiteGroup",
    "State",
    "Tamper",
    "User",
    "UserSession",
    "daily",
    "glance",
    "hourly",
    "notice",
    "result",
    "rolled",
    "utcnow",
    "visits",
]
