"""The settings of each environment: what differs from those that all share, and what is refused."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from werkzeug.sansio.utils import host_is_trusted

from quartapp.config_base import Config
from quartapp.config_fields import CommaList, DatabaseUrl, Network, Ports, is_loopback
from quartapp.database.url import find_file, is_in_memory
from quartapp.secret_key import find_key_fault, read_development_key

__all__ = ["Config", "DevelopmentConfig", "ProductionConfig", "TestingConfig", "config"]

LOOPBACK, ANY_PORT = ["127.0.0.0/8", "::1/128"], ["1-65535"]
PASSWORDS = {"admin", "changeme", "change-me", "mysql", "password", "postgres", "root", "secret"}


def has_strangers(file: Path) -> bool:
    """Tell whether users besides its owner and group may open *file*."""
    return file.exists() and bool(file.stat().st_mode & 0o007)


class DevelopmentConfig(Config):
    """One person's machine: debug mode, the embedded database, a key of its own."""

    DEBUG: bool = True
    REGISTRATION: Literal["closed", "invitation", "open"] = "open"
    CHECKS_IN_WEB: bool = True
    CHECK_PORTS: CommaList[Ports] = ANY_PORT
    CHECK_ALLOWED_NETWORKS: CommaList[Network] = LOOPBACK

    def secret_key(self) -> str:
        return super().secret_key() or read_development_key(self.INSTANCE_PATH)


class TestingConfig(Config):
    """The test suite: nothing from `.env`, a database in memory unless a test names one."""

    __test__ = False
    model_config = SettingsConfigDict(env_file=None)

    TESTING: bool = True
    SECRET_KEY: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_hex()))
    DATABASE_URL: DatabaseUrl = SecretStr("sqlite://")
    CACHE_SIZE: int = Field(0, ge=0)
    RATE_LIMITS: bool = False
    AUTH_CACHE_SECONDS: float = 0.0
    REGISTRATION: Literal["closed", "invitation", "open"] = "open"
    MAIL_BACKEND: Literal["", "smtp", "console", "memory", "none"] = "memory"
    OUTBOX_IN_WEB: bool = False
    COUNT_VISITS: bool = False
    CHECK_PORTS: CommaList[Ports] = ANY_PORT
    CHECK_ALLOWED_NETWORKS: CommaList[Network] = LOOPBACK
    SHUTDOWN_LAME_DUCK: float = 0.0


class ProductionConfig(Config):
    """Served to others: refuses to start on anything insecure."""

    model_config = SettingsConfigDict(env_file=None)

    LOG_FORMAT: Literal["text", "json"] = "json"
    SESSION_COOKIE_NAME: str = "__Host-session"
    SESSION_COOKIE_SECURE: bool = True

    def mail_backend(self) -> str:
        return self.MAIL_BACKEND or ("smtp" if self.MAIL_SERVER else "none")

    def find_problems(self) -> Iterator[str]:
        if fault := find_key_fault(self.secret_key()):
            yield f"SECRET_KEY: {fault}"
        for key in self.SECRET_KEY_FALLBACKS:
            if fault := find_key_fault(key.get_secret_value()):
                yield f"SECRET_KEY_FALLBACKS: one is {fault}"
        if self.DEBUG or self.TESTING:
            yield "DEBUG, TESTING: unset both in production"
        if not self.SESSION_COOKIE_SECURE or not self.SESSION_COOKIE_NAME.startswith("__Host-"):
            yield "SESSION_COOKIE_SECURE, SESSION_COOKIE_NAME: leave both unset"
        yield from self.find_address_problems()
        yield from self.find_database_problems()
        yield from self.find_file_problems()
        yield from self.find_mail_problems()

    def find_address_problems(self) -> Iterator[str]:
        if self.PUBLIC_URL is None or self.PUBLIC_URL.scheme != "https":
            yield "PUBLIC_URL: name the https:// address that people use"
        elif not host_is_trusted(self.PUBLIC_URL.host, self.TRUSTED_HOSTS):
            yield "TRUSTED_HOSTS: add the host of PUBLIC_URL, or unset it"
        if any(peer.endswith("/0") for peer in self.TRUSTED_PROXIES):
            yield "TRUSTED_PROXIES: name your proxies only, or anybody can pretend to be anybody"
        if not all(origin.startswith("https://") for origin in self.CORS_ORIGINS):
            yield "CORS_ORIGINS: name each origin, with https://"

    def find_database_problems(self) -> Iterator[str]:
        url = self.database_url()
        file = find_file(url)
        if is_in_memory(url):
            yield "DATABASE_URL: it would be lost with the process; name a file or a server"
        if url.password is not None and url.password.lower() in {*PASSWORDS, url.username, ""}:
            yield "DATABASE_URL: its password can be guessed; choose another"
        if file and has_strangers(self.INSTANCE_PATH / file):
            yield "DATABASE_URL: all users of this machine may read its file; run: chmod o= on it"
        if self.DATABASE_ECHO:
            yield "DATABASE_ECHO: the log would tell what people wrote; unset it"

    def find_mail_problems(self) -> Iterator[str]:
        yield from super().find_mail_problems()
        if self.MAIL_BACKEND in ("console", "memory"):
            yield "MAIL_BACKEND: nobody would get the mail; unset it, or name smtp or none"
        if self.MAIL_SERVER and self.MAIL_SECURITY == "none" and not is_loopback(self.MAIL_SERVER):
            yield "MAIL_SECURITY: others could read the mail on its way; name starttls or tls"


config: dict[str, type[Config]] = {
    **dict.fromkeys(("dev", "development", "default"), DevelopmentConfig),
    **dict.fromkeys(("test", "testing"), TestingConfig),
    **dict.fromkeys(("prod", "production"), ProductionConfig),
}
