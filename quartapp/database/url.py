"""The address of the database, in the forms people write it."""

from pathlib import Path
from urllib.parse import quote, urlencode

from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

# What people, hosting platforms and Flask projects write → the async driver that is installed.
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}
EXAMPLES = (
    "sqlite:///quartapp.db, postgresql://user:password@host/name, mysql://user:password@host/name"
)

LIBPQ = {
    "options",
    "passfile",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}
# What may follow the "?" of an address; the engine sets time limits by itself.
OPTIONS = {
    "sqlite": {"uri", "mode", "cache", "immutable", "nolock", "vfs"},
    "postgresql": {*LIBPQ, "dsn", "host", "port", "prepared_statement_cache_size"},
    "mysql": {
        "charset",
        "unix_socket",
        *(f"ssl_{name}" for name in ("ca", "capath", "cert", "check_hostname", "cipher", "key")),
    },
}


def parse_url(raw: str) -> URL:
    """Return *raw* with an async driver; ValueError says what a good one looks like."""
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError) as error:
        raise ValueError(f"not a database address; write one like {EXAMPLES}") from error
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:  # not repeated: who knows what was pasted here
        raise ValueError(f"not a database that is supported; write one like {EXAMPLES}")
    url = url.set(drivername=driver)
    check_parts(url)
    return translate_options(url)


def check_parts(url: URL) -> None:
    """Refuse what would only be found out when the first connection fails."""
    family = url.get_backend_name()
    if family != "sqlite" and not url.database:
        raise ValueError(f"no database is named; write one like {EXAMPLES}")
    if family == "sqlite" and url.host:
        raise ValueError("a file has no host; write sqlite:/// and a path, or sqlite://// and /a/b")
    if "@" in (url.host or ""):
        raise ValueError("there is an @ too many; write one in a password as %40")
    if url.port is not None and not 0 < url.port < 65_536:
        raise ValueError("a port is a number from 1 to 65535")
    if family == "mysql" and not str(url.password or "").isascii():
        raise ValueError("the driver of MySQL takes a password of ASCII characters only")
    if unknown := sorted(set(url.query) - OPTIONS[family]):
        raise ValueError(f"the option {unknown[0]!r} is not supported; leave it out")


def translate_options(url: URL) -> URL:
    """Write the options as the driver reads them: asyncpg knows libpq's in a DSN only."""
    if url.get_backend_name() == "sqlite" and (url.database or "").startswith("file:"):
        return url.update_query_dict({"uri": "true"})
    given = {name: url.query[name] for name in sorted(LIBPQ & set(url.query))}
    if url.get_backend_name() != "postgresql" or not given:
        return url
    return url.difference_update_query(given).update_query_dict(
        {"dsn": f"postgresql://?{urlencode(given)}"}
    )


def normalize_url(raw: SecretStr) -> SecretStr:
    """Return the address with its async driver, for a setting."""
    url = parse_url(raw.get_secret_value())
    return SecretStr(url.render_as_string(hide_password=False))


def is_postgresql(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def is_in_memory(url: URL) -> bool:
    name = url.database or ":memory:"
    in_memory = ":memory:" in name or url.query.get("mode") == "memory"
    return url.get_backend_name() == "sqlite" and in_memory


def find_file(url: URL) -> Path | None:
    """Return the file of an SQLite database, None for all others."""
    if url.get_backend_name() != "sqlite" or is_in_memory(url):
        return None
    return Path((url.database or "").removeprefix("file:"))


def place_file(url: URL, folder: Path) -> URL:
    """Let a relative SQLite path start in *folder*, which is made when it is missing."""
    file = find_file(url)
    if file is None or file.is_absolute():
        return url
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if url.query.get("uri"):
        return url.set(database=f"file:{quote(str(folder))}/{file}")
    return url.set(database=str(folder / file))
