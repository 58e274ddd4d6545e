"""The first page: all sites at a glance."""

from quartapp.web.dashboard.views import bp

__all__ = ["bp"]
