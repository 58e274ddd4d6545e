"""Which page a request comes from, as far as browsers tell."""

from quart import Request, Websocket

SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}  # of an origin


def is_own_origin(connection: Request | Websocket) -> bool:
    """Tell whether a page of ours caused this; browsers send one of the two headers at least."""
    site, origin = connection.headers.get("Sec-Fetch-Site"), connection.headers.get("Origin")
    own = f"{SCHEMES[connection.scheme]}://{connection.host}"
    if site is None:
        return origin == own
    # A page that tells nobody its address (no-referrer) has the origin "null" for us as well.
    return site == "same-origin" and origin in (None, own, "null")


def is_foreign_origin(connection: Request | Websocket) -> bool:
    """Tell whether a browser says that another site's page caused this; programs say nothing."""
    site, origin = connection.headers.get("Sec-Fetch-Site"), connection.headers.get("Origin")
    return not (site is None and origin is None) and not is_own_origin(connection)
