"""What administrators look after: people, how they come in, mail, and the log of who did what."""

from quartapp.web.admin import (
    audit,
    invitation,
    outbox,
    passkey,
    session,
    settings,
    system,
    token,
    user,
    visit,
)
from quartapp.web.admin.blueprint import bp

__all__ = [
    "audit",
    "bp",
    "invitation",
    "outbox",
    "passkey",
    "session",
    "settings",
    "system",
    "token",
    "user",
    "visit",
]
