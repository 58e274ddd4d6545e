"""Coming in and going out."""

from quartapp.web.auth.views import bp

__all__ = ["bp"]
