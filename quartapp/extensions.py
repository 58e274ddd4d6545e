"""Extension objects, unbound: `create_app()` binds them to an application."""

from quart_babel import Babel

from quartapp.cache import Cache
from quartapp.database import Database
from quartapp.limits import Limiter

db = Database()
limiter = Limiter()
babel = Babel()
cache = Cache()
