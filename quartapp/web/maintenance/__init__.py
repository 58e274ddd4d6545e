"""Pages of windows in which sites rest."""

from quartapp.web.maintenance.views import bp

__all__ = ["bp"]
