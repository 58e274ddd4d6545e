"""Settings that are taken, and still not safe to serve others with."""

import os
import stat
from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path

from quartapp.config import Config, ProductionConfig
from quartapp.configure import ConfigError, find_config, load_config
from quartapp.doctor import Finding, Level
from quartapp.doctor.servers import check_servers

TOPIC = "settings"
# This machine, and where clouds keep the keys of a machine.
FORBIDDEN = [ip_network(one) for one in ("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10")]
MOUNTED = Path("/run/secrets")  # in a container, which has no other users
ALIKE = 0.88  # of two names, by difflib: a slip of the pen
LARGE = 100 * 1024 * 1024  # bytes of a body that anybody may send


def check_settings() -> Iterator[Finding]:
    try:
        load_config()
    except ConfigError as error:
        yield from tell(error)
    else:
        yield Finding(Level.OK, TOPIC, "Each setting can be used.")
    yield from check_names()


def check_names() -> Iterator[Finding]:
    """Warn of what looks like a setting and is none: nobody reads it, and nobody says so."""
    known = {
        "APP_SETTINGS",
        *Config.model_fields,
        *(f"{name}_FILE" for name in Config.model_fields),
    }
    for name in sorted(set(os.environ) - known):
        meant = get_close_matches(name, known, 1, ALIKE)
        if meant and not name.startswith("OTEL_"):  # it has names of its own
            yield Finding(Level.WARN, TOPIC, f"{name} is no setting; is {meant[0]} meant?")


def check_deploy() -> Iterator[Finding]:
    """Check as if it were production, whatever APP_SETTINGS says, and more than a start does."""
    kind, _ = find_config(None)
    if not issubclass(kind, ProductionConfig):
        yield fail("APP_SETTINGS: name prod; these are the settings of somebody's own machine")
    if os.environ.get("QUART_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        yield fail("QUART_DEBUG: unset it; strangers would see the code where it fails")
    try:
        settings: Config = load_config("prod")["SETTINGS"]
    except ConfigError as error:
        yield from tell(error)
    else:
        yield from check_limits(settings)
        yield from check_servers(settings)
        yield check_second_factor(settings)
    yield from check_secret_files()


def tell(error: ConfigError) -> Iterator[Finding]:
    for line in str(error).splitlines()[1:] or [str(error)]:
        yield fail(line.strip().rstrip("."))


def fail(text: str) -> Finding:
    return Finding(Level.FAIL, TOPIC, f"{text}.")


def check_limits(settings: Config) -> Iterator[Finding]:
    if not settings.RATE_LIMITS:
        yield fail("RATE_LIMITS: switch it on, or passwords can be guessed at any speed")
    if settings.LOG_LEVEL == "DEBUG":
        yield fail("LOG_LEVEL: DEBUG tells the log what people send; name INFO")
    if settings.MAX_CONTENT_LENGTH > LARGE:
        yield fail("MAX_CONTENT_LENGTH: anybody could fill the memory; name less than 100 MiB")
    if settings.REGISTRATION != "closed" and not settings.MAIL_SERVER:
        yield fail("REGISTRATION: it needs mail, and MAIL_SERVER names no server")
    for name in settings.CHECK_ALLOWED_NETWORKS:
        network = ip_network(name)
        if any(network.version == one.version and network.overlaps(one) for one in FORBIDDEN):
            yield fail(f"CHECK_ALLOWED_NETWORKS: {name} has what sites must not reach")


def check_second_factor(settings: Config) -> Finding:
    asked_of = settings.SECOND_FACTOR
    if asked_of == "optional":
        text = "SECOND_FACTOR: a stolen password is enough; name admins, or everyone."
        return Finding(Level.WARN, TOPIC, text)
    return Finding(Level.OK, TOPIC, f"A second factor is asked of {asked_of}.")


def check_secret_files() -> Iterator[Finding]:
    for name in Config.model_fields:
        path = Path(os.environ.get(f"{name}_FILE") or "/dev/null/none")
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # one that cannot be read has been told of
        if mode & 0o007 and not path.is_relative_to(MOUNTED):
            yield fail(
                f"{name}_FILE: all users of this machine may use {path}; run: chmod o= {path}"
            )
