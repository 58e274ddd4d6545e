"""Pages that tell what was changed on a site, and how its page is read."""

from quartapp.web.tamper.views import bp

__all__ = ["bp"]
