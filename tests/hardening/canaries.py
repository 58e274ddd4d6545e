"""Secrets that are known by sight, and where none of them may be found."""

from hashlib import sha256

MARK = "Zq9canary"
NAMES = ["password", "current_password", "token", "csrf_token", "secret", "api_key", "access_token"]
OF_SETTINGS = [
    *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "MAIL_PASSWORD"),
    *("METRICS_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS", "SENTRY_DSN"),
]


def make_canary(place: str) -> str:
    return f"{MARK}{place.title().replace('_', '').replace('-', '')}8dK2mQ"


# What people give, in fields and in headers.
FIELDS = {name: make_canary(name) for name in NAMES}
HEADERS = {
    "Authorization": f"Bearer {make_canary('bearer')}",
    "Cookie": f"session={make_canary('cookie')}; quartapp={make_canary('login')}; remember=a.b",
    "Proxy-Authorization": f"Basic {make_canary('proxy')}",
    "X-Api-Key": make_canary("key"),
    "X-CSRFToken": make_canary("csrf"),
}
CANARIES = {make_canary(name): make_canary(name) for name in NAMES}
CANARIES |= {one: one for one in map(make_canary, ("bearer", "cookie", "login", "proxy", "key"))}
CANARIES |= {make_canary("csrf"): make_canary("csrf")}

# What operators set: keys, and the passwords within addresses.
KEYS = {name: MARK + sha256(name.encode()).hexdigest() for name in OF_SETTINGS}
