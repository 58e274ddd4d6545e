"""Servers on other machines: who may read along on the way to them."""

from collections.abc import Iterator

from sqlalchemy import URL, make_url

from quartapp.config import Config
from quartapp.config_fields import is_loopback
from quartapp.database.url import is_postgresql, parse_url
from quartapp.doctor import Finding, Level

TOPIC = "settings"
VERIFIED = {"verify-ca", "verify-full"}  # in these, PostgreSQL's driver looks at the certificate
CA = "and the path of a file with its authority's certificate"


def check_servers(settings: Config) -> Iterator[Finding]:
    if redis := settings.REDIS_URL.get_secret_value():
        yield from check_redis(make_url(redis))
    pgbouncer = settings.PGBOUNCER_URL.get_secret_value()
    databases = {"DATABASE_URL": settings.database_url()}
    databases |= {"PGBOUNCER_URL": parse_url(pgbouncer)} if pgbouncer else {}
    for name, url in databases.items():
        if url.host and not is_near(url.host) and not is_verified(url):
            option = "?sslmode=verify-full&sslrootcert=" if is_postgresql(url) else "?ssl_ca="
            yield warn(f"{name}: others may read along on the way to it; add {option} {CA}")


def check_redis(url: URL) -> Iterator[Finding]:
    if is_near(url.host):
        return
    if not url.password:
        text = "REDIS_URL: give that server a password, or let it listen here alone."
        yield Finding(Level.FAIL, TOPIC, text)
    if url.drivername != "rediss":
        yield warn("REDIS_URL: others may read along on the way to it; begin it with rediss://")


def is_verified(url: URL) -> bool:
    """Tell whether a server of databases is asked by TLS, and has to show who it is."""
    if not is_postgresql(url):
        return bool({"ssl_ca", "ssl_capath"} & {*url.query})
    options = make_url(str(url.query.get("dsn") or "postgresql://")).query
    return options.get("sslmode") in VERIFIED


def is_near(host: str | None) -> bool:
    return not host or host.startswith("/") or is_loopback(host)


def warn(text: str) -> Finding:
    return Finding(Level.WARN, TOPIC, f"{text}.")
