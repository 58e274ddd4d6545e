"""What anyone may see: the public sites."""

from quartapp.web.status import views
from quartapp.web.status.blueprint import bp

__all__ = ["bp", "views"]
