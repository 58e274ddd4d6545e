"""Pages of the weaknesses of sites."""

from quartapp.web.bug import board
from quartapp.web.bug.views import bp

__all__ = ["board", "bp"]
