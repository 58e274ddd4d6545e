"""Pages on which people change what they said about a site."""

from quartapp.web.comment.views import bp

__all__ = ["bp"]
