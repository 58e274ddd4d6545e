"""Who did what to whom: written with what was done, and readable when both are gone."""

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base, Id
from quartapp.models.entity import Entity
from quartapp.models.link import Link
from quartapp.models.session import ADDRESS_LENGTH
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH, User
from quartapp.texts import Text

ACTION_LENGTH, KIND_LENGTH, DETAIL_LENGTH = 30, 20, 200
SUBJECT_LENGTH = EMAIL_LENGTH  # the longest of the names


class Action(StrEnum):
    """What is written down; the values are part of the API."""

    SET_UP = "set-up"
    LOGIN = "login"
    LOGIN_FAILED = "login-failed"
    CODE_FAILED = "code-failed"
    LOGOUT = "logout"
    SESSION_ENDED = "session-ended"
    SESSIONS_ENDED = "sessions-ended"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    EMAIL_CONFIRMED = "email-confirmed"
    SECOND_FACTOR_ON = "second-factor-on"
    SECOND_FACTOR_OFF = "second-factor-off"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    RESET_LINK_MADE = "reset-link-made"
    TOKEN_MADE = "token-made"  # noqa: S105
    TOKEN_REVOKED = "token-revoked"  # noqa: S105
    CHANNEL_ADDED = "channel-added"
    CHANNEL_REMOVED = "channel-removed"
    CHANNEL_SECRET_CHANGED = "channel-secret-changed"  # noqa: S105
    INVITED = "invited"
    INVITATION_REVOKED = "invitation-revoked"
    USER_CREATED = "user-created"
    USER_RENAMED = "user-renamed"
    USER_DISABLED = "user-disabled"
    USER_ENABLED = "user-enabled"
    USER_REMOVED = "user-removed"
    ROLE_CHANGED = "role-changed"
    MAIL_CANCELLED = "mail-cancelled"
    ENTITY_REMOVED = "entity-removed"
    MAINTENANCE_ADDED = "maintenance-added"
    MAINTENANCE_CHANGED = "maintenance-changed"
    MAINTENANCE_REMOVED = "maintenance-removed"
    GROUP_ADDED = "group-added"
    GROUP_CHANGED = "group-changed"
    GROUP_REMOVED = "group-removed"
    INCIDENT_ADDED = "incident-added"
    INCIDENT_CHANGED = "incident-changed"
    INCIDENT_REMOVED = "incident-removed"


# What is shown to administrators.
WORDS = {
    Action.SET_UP: Text("Set up"),
    Action.LOGIN: Text("Login"),
    Action.LOGIN_FAILED: Text("Login failed"),
    Action.CODE_FAILED: Text("Code failed"),
    Action.LOGOUT: Text("Logout"),
    Action.SESSION_ENDED: Text("Session ended"),
    Action.SESSIONS_ENDED: Text("Sessions ended"),
    Action.PASSWORD_CHANGED: Text("Password changed"),
    Action.EMAIL_CONFIRMED: Text("Email confirmed"),
    Action.SECOND_FACTOR_ON: Text("Second factor on"),
    Action.SECOND_FACTOR_OFF: Text("Second factor off"),
    Action.RECOVERY_CODES_MADE: Text("Recovery codes made"),
    Action.PASSKEY_ADDED: Text("Passkey added"),
    Action.PASSKEY_REMOVED: Text("Passkey removed"),
    Action.RESET_LINK_MADE: Text("Reset link made"),
    Action.TOKEN_MADE: Text("Token made"),
    Action.TOKEN_REVOKED: Text("Token revoked"),
    Action.CHANNEL_ADDED: Text("Channel added"),
    Action.CHANNEL_REMOVED: Text("Channel removed"),
    Action.CHANNEL_SECRET_CHANGED: Text("Channel secret changed"),
    Action.INVITED: Text("Invited"),
    Action.INVITATION_REVOKED: Text("Invitation revoked"),
    Action.USER_CREATED: Text("User created"),
    Action.USER_RENAMED: Text("User renamed"),
    Action.USER_DISABLED: Text("User disabled"),
    Action.USER_ENABLED: Text("User enabled"),
    Action.USER_REMOVED: Text("User removed"),
    Action.ROLE_CHANGED: Text("Role changed"),
    Action.MAIL_CANCELLED: Text("Mail cancelled"),
    Action.ENTITY_REMOVED: Text("Entity removed"),
    Action.MAINTENANCE_ADDED: Text("Maintenance added"),
    Action.MAINTENANCE_CHANGED: Text("Maintenance changed"),
    Action.MAINTENANCE_REMOVED: Text("Maintenance removed"),
    Action.GROUP_ADDED: Text("Group added"),
    Action.GROUP_CHANGED: Text("Group changed"),
    Action.GROUP_REMOVED: Text("Group removed"),
    Action.INCIDENT_ADDED: Text("Incident added"),
    Action.INCIDENT_CHANGED: Text("Incident changed"),
    Action.INCIDENT_REMOVED: Text("Incident removed"),
}


class AuditEvent(Base):
    """One thing that was done; names are copies, as they were then."""

    __tablename__ = "audit_event"

    action: Mapped[Action] = mapped_column(String(ACTION_LENGTH), index=True)
    by_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    by_name: Mapped[str] = mapped_column(String(USERNAME_LENGTH))
    subject_kind: Mapped[str] = mapped_column(String(KIND_LENGTH), default="")
    subject_id: Mapped[int | None] = mapped_column(Id)  # of a row that may be gone
    subject_name: Mapped[str] = mapped_column(String(SUBJECT_LENGTH), default="")
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), default="")
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")

    @property
    def actor(self) -> str:
        """Who did it; without a name, an address tells a stranger from a command."""
        return self.by_name or (Text("somebody") if self.address else Text("a command"))


def name_subject(on: User | Entity | Link) -> str:
    """Return what people call it: a link is known by the address that it was sent to."""
    return on.email or "" if isinstance(on, Link) else on.name
