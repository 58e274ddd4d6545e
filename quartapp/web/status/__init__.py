"""What anyone may see: the public sites."""

from quartapp.web.status import badge, embed, feed, views
from quartapp.web.status.blueprint import bp

__all__ = ["badge", "bp", "embed", "feed", "views"]
