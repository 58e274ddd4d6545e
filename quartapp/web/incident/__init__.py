"""Pages on which people tell strangers of incidents."""

from quartapp.web.incident.views import bp

__all__ = ["bp"]
