"""Every setting, its default and its meaning; read from the environment, checked at start.

A value comes from, first wins: what `create_app()` is given, the file that `<NAME>_FILE` names, the
process environment, `.env` in the working directory, the default below.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from quartapp.config_fields import (
    CaFile,
    CommaList,
    DatabaseUrl,
    Host,
    Language,
    MailAddress,
    MetricsToken,
    Network,
    Origin,
    OtlpEndpoint,
    Peer,
    PgbouncerUrl,
    Ports,
    PublicUrl,
    Rate,
    RedisUrl,
    SentryDsn,
    SiteUrl,
)
from quartapp.database.url import find_file, is_in_memory, is_postgresql, parse_url, place_file
from quartapp.log import LogFileError, make_file

KIB, MIB = 1024, 1024 * 1024
HOUR = 3600.0  # s
ROOT = Path(__file__).parent.parent
TEST_NAME = re.compile(r"test($|[_.-])")


def is_for_tests(url: URL) -> bool:
    file = find_file(url)
    name = file.name if file else url.database or ""
    return is_in_memory(url) or TEST_NAME.match(name) is not None


def write_url(url: HttpUrl | None) -> str:
    return str(url).rstrip("/") if url else ""


def default_instance_path() -> Path:
    """Return the folder of this installation: beside the sources, else in the working directory."""
    home = ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()
    return home / "instance"


class Config(BaseSettings):
    """What all environments share."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", case_sensitive=True, validate_default=True
    )

    DEBUG: bool = False
    TESTING: bool = False

    # Signs cookies and cursors, seals second factors and the secrets of webhooks; 32 bytes or more.
    # Older keys still verify and open, never sign or seal.
    SECRET_KEY: SecretStr = SecretStr("")
    SECRET_KEY_FALLBACKS: CommaList[SecretStr] = []

    # Files of this installation: the embedded database, the development key.
    INSTANCE_PATH: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        default_factory=default_instance_path
    )
    # SQLite, PostgreSQL, MySQL or MariaDB; a relative SQLite path starts in INSTANCE_PATH.
    DATABASE_URL: DatabaseUrl = SecretStr("sqlite:///quartapp.db")
    DATABASE_ECHO: bool = False
    DATABASE_POOL_SIZE: int = Field(10, ge=1, le=200)  # connections of one process
    DATABASE_TIMEOUT: int = Field(3, ge=1, le=300)  # s for a statement on a server
    # The same PostgreSQL through pgbouncer in transaction mode, for all that DATABASE_URL is not
    # needed for: migrations, backups, and to hear of news.
    PGBOUNCER_URL: PgbouncerUrl = SecretStr("")

    # Redis or Valkey, where all processes count and cache together; unset: each for itself.
    REDIS_URL: RedisUrl = SecretStr("")
    CACHE_SIZE: int = Field(32 * MIB, ge=0)  # bytes of one process; 0: nothing is cached
    RATE_LIMITS: bool = True  # refuse who asks too often
    RATE_LIMIT_API: Rate = "600/minute"  # requests of one user or address
    RATE_LIMIT_PAGES: Rate = "300/minute"
    READ_BATCHES: bool = True  # one statement for what several requests ask at once
    AUTH_CACHE_SECONDS: float = Field(
        1.0, ge=0, le=1
    )  # that a token is known without being looked up

    # The address people use; links in mails and logs start with it, never with the Host header.
    PUBLIC_URL: PublicUrl | None = None
    # Host names that are answered; none named: the host of PUBLIC_URL, or any while that is unset.
    TRUSTED_HOSTS: CommaList[Host] = []
    # Whose X-Forwarded-* headers count: networks, and "unix" for peers on a unix socket.
    TRUSTED_PROXIES: CommaList[Peer] = []
    # Origins whose scripts may read the API.
    CORS_ORIGINS: CommaList[Origin] = []

    # Unset: smtp where a server is named; else development prints mail, production only keeps it.
    MAIL_BACKEND: Literal["", "smtp", "console", "memory", "none"] = ""
    MAIL_SERVER: str = ""
    MAIL_PORT: int = Field(587, ge=1, le=65_535)
    MAIL_SECURITY: Literal["starttls", "tls", "none"] = "starttls"
    MAIL_USERNAME: str = ""
    MAIL_PASSWORD: SecretStr = SecretStr("")
    MAIL_SENDER: MailAddress = ""  # unset: quartapp@ and the host of PUBLIC_URL
    OUTBOX_IN_WEB: bool = True  # send mail in the processes that serve, not by `quart worker` alone
    # Seconds until what a dead worker held is sent by another.
    OUTBOX_LEASE: float = Field(60.0, ge=1, le=HOUR)

    # Look at sites, and tell people, in the processes that serve, not by `quart worker` alone.
    CHECKS_IN_WEB: bool = False
    CHECK_SLOTS: int = Field(50, ge=1, le=1_000)  # looks at once, of one process
    # Seconds until another process takes what a dead one looked at: no longer than the shortest
    # interval, so that no site is left out for more than two.
    CHECK_LEASE: float = Field(30.0, ge=30, le=HOUR)
    RESULT_DAYS: int = Field(30, ge=1, le=3_650)  # for which what each look found is kept
    # Which sites may be watched: their ports, and the networks that are asked besides the Internet.
    CHECK_PORTS: CommaList[Ports] = ["80", "443", "8000-8999"]
    CHECK_ALLOWED_NETWORKS: CommaList[Network] = []
    CHECK_CANARIES: CommaList[SiteUrl] = []  # sites that always answer, asked when another fails
    CHECK_CA_FILE: CaFile = ""  # certificates in PEM that are trusted besides the system's

    MAX_IN_FLIGHT: int = Field(1_000, ge=1)  # requests of one process; more are refused by 503
    MAX_CONTENT_LENGTH: int = Field(MIB, ge=KIB)  # bytes of a request body
    MAX_FORM_MEMORY_SIZE: int = Field(500_000, ge=KIB)  # bytes of a form's fields
    MAX_FORM_PARTS: int = Field(1_000, ge=1)
    # Who may make an account: nobody, whoever an administrator invites, or whoever has an address.
    REGISTRATION: Literal["closed", "invitation", "open"] = "closed"
    # Of whom a second factor is asked, an app for codes or a passkey; others may have one.
    SECOND_FACTOR: Literal["optional", "admins", "everyone"] = "optional"
    LANGUAGE: Language = "en"  # of who names none, and of their mails
    PER_PAGE: int = Field(20, ge=1, le=100)  # rows of a page when nobody says how many
    COUNT_VISITS: bool = True  # how often each page is looked at; nothing of who does
    API_DOCS: bool = True  # serve the OpenAPI document and its page

    METRICS_TOKEN: MetricsToken = SecretStr("")  # the password of /metrics; unset: there is none

    # Where spans go, by OTLP over HTTP; unset: there are none. What else OpenTelemetry reads of the
    # environment (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, …) it reads itself.
    OTEL_EXPORTER_OTLP_ENDPOINT: OtlpEndpoint | None = None
    OTEL_EXPORTER_OTLP_HEADERS: SecretStr = SecretStr("")  # name=value, with commas
    SENTRY_DSN: SentryDsn = SecretStr("")  # where unexpected failures are told; unset: nowhere
    SENTRY_ENVIRONMENT: str = ""  # unset: development, testing or production

    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    LOG_FORMAT: Literal["text", "json"] = "text"
    LOG_FILE: str = ""  # a path: log there, too
    LOG_ROTATION: Literal["size", "time"] = "size"
    LOG_MAX_BYTES: int = Field(10 * MIB, ge=KIB)
    LOG_WHEN: Literal["S", "M", "H", "D", "midnight"] = "midnight"
    LOG_BACKUPS: int = Field(7, ge=1)

    # Seconds of serving on after /readyz turned red.
    SHUTDOWN_LAME_DUCK: float = Field(2.0, ge=0, le=HOUR)
    SHUTDOWN_GRACE: float = Field(20.0, gt=0, le=HOUR)  # s for what is in flight

    SESSION_COOKIE_NAME: str = "session"
    SESSION_COOKIE_SECURE: bool = False
    SESSION_COOKIE_SAMESITE: Literal["Lax", "Strict"] = "Lax"

    def to_mapping(self) -> dict[str, Any]:
        """Return the settings as `app.config` takes them: plain values."""
        values = self.model_dump()
        values["SECRET_KEY"] = self.secret_key()
        values["SECRET_KEY_FALLBACKS"] = [
            key.get_secret_value() for key in self.SECRET_KEY_FALLBACKS
        ]
        url = place_file(self.database_url(), self.INSTANCE_PATH)
        values["DATABASE_URL"] = url.render_as_string(hide_password=False)
        values["PGBOUNCER_URL"] = self.PGBOUNCER_URL.get_secret_value()
        values["REDIS_URL"] = self.REDIS_URL.get_secret_value()
        values["PUBLIC_URL"] = write_url(self.PUBLIC_URL)
        values["TRUSTED_HOSTS"] = self.TRUSTED_HOSTS or self.public_hosts()
        values["MAIL_BACKEND"] = self.mail_backend()
        values["MAIL_PASSWORD"] = self.MAIL_PASSWORD.get_secret_value()
        values["METRICS_TOKEN"] = self.METRICS_TOKEN.get_secret_value()
        values["OTEL_EXPORTER_OTLP_ENDPOINT"] = write_url(self.OTEL_EXPORTER_OTLP_ENDPOINT)
        values["OTEL_EXPORTER_OTLP_HEADERS"] = self.OTEL_EXPORTER_OTLP_HEADERS.get_secret_value()
        values["SENTRY_DSN"] = self.SENTRY_DSN.get_secret_value()
        values["SENTRY_ENVIRONMENT"] = self.SENTRY_ENVIRONMENT or self.name_environment()
        values["MAIL_SENDER"] = self.MAIL_SENDER or f"quartapp@{self.mail_host()}"
        values["SETTINGS"] = self  # which kind they are, and which of them were given
        return values

    def name_environment(self) -> str:
        return type(self).__name__.removesuffix("Config").lower()

    def secret_key(self) -> str:
        return self.SECRET_KEY.get_secret_value()

    def database_url(self) -> URL:
        return parse_url(self.DATABASE_URL.get_secret_value())

    def public_hosts(self) -> list[str]:
        return [self.PUBLIC_URL.host] if self.PUBLIC_URL and self.PUBLIC_URL.host else []

    def mail_host(self) -> str:
        return next(iter(self.public_hosts()), "localhost")

    def mail_backend(self) -> str:
        return self.MAIL_BACKEND or ("smtp" if self.MAIL_SERVER else "console")

    def find_problems(self) -> Iterator[str]:
        """Say what is valid by itself and still wrong in this environment."""
        if self.TESTING and not is_for_tests(self.database_url()):
            yield 'DATABASE_URL: tests empty what they use; name one like "test" or "test_quartapp"'
        if self.PGBOUNCER_URL.get_secret_value() and not is_postgresql(self.database_url()):
            yield "PGBOUNCER_URL: DATABASE_URL has to name the PostgreSQL that it leads to"
        yield from self.find_file_problems()
        yield from self.find_mail_problems()

    def find_file_problems(self) -> Iterator[str]:
        try:
            if self.LOG_FILE:
                make_file(Path(self.LOG_FILE))
        except LogFileError as error:
            yield str(error).rstrip(".")

    def find_mail_problems(self) -> Iterator[str]:
        if self.MAIL_BACKEND == "smtp" and not self.MAIL_SERVER:
            yield "MAIL_SERVER: name the server that takes mail, or unset MAIL_BACKEND"
