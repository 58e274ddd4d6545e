"""Every setting, its default and its meaning; read from the environment, checked at start.

A value comes from, first wins: what `create_app()` is given, the file that `<NAME>_FILE` names, the
process environment, `.env` in the working directory, the default below.
"""

import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from quartapp.database.url import normalize_url
from quartapp.secret_key import find_key_fault, read_development_key

KIB, MIB = 1024, 1024 * 1024
ROOT = Path(__file__).parent.parent


def split_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def check_peer(value: str) -> str:
    if value != "unix":
        ip_network(value)
    return value


def default_instance_path() -> Path:
    """Return the folder of this installation: beside the sources, else in the working directory."""
    home = ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()
    return home / "instance"


CommaList = Annotated[list[str], NoDecode, BeforeValidator(split_commas)]
SecretList = Annotated[list[SecretStr], NoDecode, BeforeValidator(split_commas)]
PeerList = Annotated[
    list[Annotated[str, AfterValidator(check_peer)]], NoDecode, BeforeValidator(split_commas)
]


class Config(BaseSettings):
    """What all environments share."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", case_sensitive=True, validate_default=True
    )

    DEBUG: bool = False
    TESTING: bool = False

    # Signs cookies and cursors; 32 bytes or more. Older keys still verify, never sign.
    SECRET_KEY: SecretStr = SecretStr("")
    SECRET_KEY_FALLBACKS: SecretList = []

    # Files of this installation: the embedded database, the development key.
    INSTANCE_PATH: Path = Field(default_factory=default_instance_path)
    # SQLite, PostgreSQL, MySQL or MariaDB; a relative SQLite path starts in INSTANCE_PATH.
    DATABASE_URL: Annotated[SecretStr, AfterValidator(normalize_url)] = SecretStr(
        "sqlite:///quartapp.db"
    )
    DATABASE_ECHO: bool = False
    DATABASE_POOL_SIZE: int = Field(10, ge=1, le=200)  # connections of one process

    # The address people use; links in mails and logs start with it, never with the Host header.
    PUBLIC_URL: HttpUrl | None = None
    # Host names that are answered; none named: the host of PUBLIC_URL, or any while that is unset.
    TRUSTED_HOSTS: CommaList = []
    # Whose X-Forwarded-* headers count: networks, and "unix" for peers on a unix socket.
    TRUSTED_PROXIES: PeerList = []
    # Origins whose scripts may read the API.
    CORS_ORIGINS: CommaList = []

    MAX_CONTENT_LENGTH: int = Field(MIB, ge=KIB)  # bytes of a request body
    MAX_FORM_MEMORY_SIZE: int = Field(500_000, ge=KIB)  # bytes of a form's fields
    MAX_FORM_PARTS: int = Field(1_000, ge=1)
    PER_PAGE: int = Field(20, ge=1, le=100)  # rows of a page when nobody says how many
    API_DOCS: bool = True  # serve the OpenAPI document and its page

    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    LOG_FORMAT: Literal["text", "json"] = "text"
    LOG_FILE: str = ""  # a path: log there, too
    LOG_ROTATION: Literal["size", "time"] = "size"
    LOG_MAX_BYTES: int = Field(10 * MIB, ge=KIB)
    LOG_WHEN: Literal["S", "M", "H", "D", "midnight"] = "midnight"
    LOG_BACKUPS: int = Field(7, ge=1)

    SHUTDOWN_LAME_DUCK: float = Field(2.0, ge=0)  # s of serving on after /readyz turned red
    SHUTDOWN_GRACE: float = Field(20.0, gt=0)  # s for what is in flight

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
        values["DATABASE_URL"] = self.DATABASE_URL.get_secret_value()
        values["PUBLIC_URL"] = str(self.PUBLIC_URL).rstrip("/") if self.PUBLIC_URL else ""
        values["TRUSTED_HOSTS"] = self.TRUSTED_HOSTS or self.public_hosts()
        return values

    def secret_key(self) -> str:
        return self.SECRET_KEY.get_secret_value()

    def public_hosts(self) -> list[str]:
        return [self.PUBLIC_URL.host] if self.PUBLIC_URL and self.PUBLIC_URL.host else []

    def find_problems(self) -> list[str]:
        """Say what is valid by itself and still wrong in this environment."""
        return []


class DevelopmentConfig(Config):
    """One person's machine: debug mode, the embedded database, a key of its own."""

    DEBUG: bool = True

    def secret_key(self) -> str:
        return super().secret_key() or read_development_key(self.INSTANCE_PATH)


class TestingConfig(Config):
    """The test suite: nothing from `.env`, a database in memory unless a test names one."""

    __test__ = False
    model_config = SettingsConfigDict(env_file=None)

    TESTING: bool = True
    SECRET_KEY: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_hex()))
    DATABASE_URL: Annotated[SecretStr, AfterValidator(normalize_url)] = SecretStr("sqlite://")
    SHUTDOWN_LAME_DUCK: float = 0.0


class ProductionConfig(Config):
    """Served to others: refuses to start on anything insecure."""

    model_config = SettingsConfigDict(env_file=None)

    LOG_FORMAT: Literal["text", "json"] = "json"
    SESSION_COOKIE_NAME: str = "__Host-session"
    SESSION_COOKIE_SECURE: bool = True

    def find_problems(self) -> list[str]:
        keys = [self.SECRET_KEY, *self.SECRET_KEY_FALLBACKS]
        found = [f"SECRET_KEY: {fault}." for key in keys if (fault := find_key_fault(key.get_secret_value()))]
        if self.DEBUG or self.TESTING:
            found.append("DEBUG, TESTING: must be off in production.")
        if self.PUBLIC_URL is None or self.PUBLIC_URL.scheme != "https":
            found.append("PUBLIC_URL: name the https:// address that people use.")
        if not self.SESSION_COOKIE_SECURE or not self.SESSION_COOKIE_NAME.startswith("__Host-"):
            found.append("SESSION_COOKIE_SECURE, SESSION_COOKIE_NAME: leave both unset.")
        if "*" in self.CORS_ORIGINS:
            found.append("CORS_ORIGINS: name the origins one by one.")
        return found


config: dict[str, type[Config]] = {
    "dev": DevelopmentConfig,
    "development": DevelopmentConfig,
    "test": TestingConfig,
    "testing": TestingConfig,
    "prod": ProductionConfig,
    "production": ProductionConfig,
    "default": DevelopmentConfig,
}
