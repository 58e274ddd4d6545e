"""What administrators look after: people, invitations, mail, and the log of who did what."""

from quartapp.web.admin import audit, invitation, outbox, user
from quartapp.web.admin.blueprint import bp

__all__ = ["audit", "bp", "invitation", "outbox", "user"]
