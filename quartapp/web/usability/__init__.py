"""Pages that tell whether a site is there, and how it is looked at."""

from quartapp.web.usability.views import bp

__all__ = ["bp"]
