"""What people see and change of their own account."""

from quartapp.web.account.views import bp

__all__ = ["bp"]
