"""Extension objects, unbound: `create_app()` binds them to an application."""

from quartapp.database import Database

db = Database()
