"""The second factor: asked for after the password, turned on and off."""

from quartapp.web.second_factor.views import bp

__all__ = ["bp"]
