"""Passkeys: to sign in by, and those of one's account."""

from quartapp.web.passkey.views import bp

__all__ = ["bp"]
