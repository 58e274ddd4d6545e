"""Coming in and going out."""

from quartapp.web.auth.links import bp as link_bp
from quartapp.web.auth.views import bp

__all__ = ["bp", "link_bp"]
