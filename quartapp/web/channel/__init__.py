"""Pages of one's own channels: where one is told what happens."""

from quartapp.web.channel.views import bp

__all__ = ["bp"]
