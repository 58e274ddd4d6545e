"""Which page a request comes from, as far as browsers tell."""

from quart import Request, Websocket

SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}  # of an origin


def is_own_origin(connection: Request | Websocket) -> bool:
    """Tell whether a page of ours caused this; browsers send one of the two headers at least."""
    site, origin = connection.headers.get("Sec-Fetch-Site"), connection.headers.get("Origin")
    if origin is not None and origin != f"{SCHEMES[connection.scheme]}://{connection.host}":
        return False
    return site == "same-origin" or (site is None and origin is not None)


def is_foreign_origin(connection: Request | Websocket) -> bool:
    """Tell whether a browser says that another site's page caused this; programs say nothing."""
    site, origin = connection.headers.get("Sec-Fetch-Site"), connection.headers.get("Origin")
    return not (site is None and origin is None) and not is_own_origin(connection)
