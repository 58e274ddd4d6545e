"""The first page."""

from quartapp.web.main.views import bp

__all__ = ["bp"]
