"""What anyone may see: the public sites."""

from quartapp.web.status.views import bp

__all__ = ["bp"]
