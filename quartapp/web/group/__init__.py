"""Pages of groups of sites."""

from quartapp.web.group.views import bp

__all__ = ["bp"]
