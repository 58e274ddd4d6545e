"""How single settings are read, and what each may look like."""

import re
import ssl
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, TypeVar, get_args

from limits import parse as parse_rate
from pydantic import AfterValidator, BeforeValidator, HttpUrl, SecretStr
from pydantic_settings import NoDecode

from quartapp.database.url import is_postgresql, normalize_url, parse_url

# As browsers write it: in small letters, without the port that goes without saying.
ORIGIN = re.compile(r"\*|https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
NEEDLESS_PORT = re.compile(r"http://.*:80|https://.*:443")
HOST = re.compile(r"\.?[^\s/?#@*]+")
PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?")
MIN_TOKEN = 24  # characters
MAIL_ADDRESS = re.compile(r"[\w.+-]+@[A-Za-z0-9.-]+", re.ASCII)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def check_peer(value: str) -> str:
    if value != "unix":
        ip_network(value)
    return value


def check_origin(value: str) -> str:
    if not ORIGIN.fullmatch(value):
        raise ValueError("an origin looks like https://example.org, without a path")
    if NEEDLESS_PORT.fullmatch(value):
        raise ValueError("no browser names this port; leave it out")
    return value


def check_host(value: str) -> str:
    if not HOST.fullmatch(value):
        raise ValueError("a host looks like example.org, or .example.org for all below it")
    return value


def check_address(value: HttpUrl) -> HttpUrl:
    if value.username or value.password or value.query or value.fragment:
        raise ValueError("an address looks like https://example.org, without a user or a query")
    return value


def check_pgbouncer_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        return value
    url = normalize_url(value)
    if not is_postgresql(parse_url(url.get_secret_value())):
        raise ValueError("an address of pgbouncer looks like postgresql://user@host:6432/name")
    return url


def check_redis_url(value: SecretStr) -> SecretStr:
    if url := value.get_secret_value():
        import_module("quartapp.remote").check_url(url)  # 20 MB that nobody needs without Redis
    return value


def check_metrics_token(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < MIN_TOKEN:
        raise ValueError(f"it can be guessed; choose {MIN_TOKEN} random characters or more")
    return value


def check_otlp_endpoint(value: HttpUrl) -> HttpUrl:
    need_extra("otel", "opentelemetry.exporter.otlp.proto.http")
    return check_address(value)


def check_sentry_dsn(value: SecretStr) -> SecretStr:
    if dsn := value.get_secret_value():
        need_extra("sentry", "sentry_sdk")
        utils = import_module("sentry_sdk.utils")
        try:
            utils.Dsn(dsn)
        except utils.BadDsn:
            raise ValueError("a DSN looks like https://key@sentry.example.org/1") from None
    return value


def need_extra(extra: str, package: str) -> None:
    try:
        found = find_spec(package)
    except ModuleNotFoundError:  # nor is there what it is in
        found = None
    if found is None:
        raise ValueError(f"this needs: pip install 'quartapp[{extra}]'")


def check_ports(value: str) -> str:
    first, _, last = value.partition("-")
    if not (PORTS.fullmatch(value) and 1 <= int(first) <= int(last or first) <= 65_535):
        raise ValueError("ports look like 443, or 8000-8999 for all of them")
    return value


def check_network(value: str) -> str:
    """Refuse all networks at once, too: there would be no guard."""
    try:
        if ip_network(value).prefixlen:
            return value
    except ValueError:
        pass
    raise ValueError("a network looks like 10.1.0.0/16, or fd12:3456::/32")


def check_ca_file(value: str) -> str:
    try:
        if value:
            ssl.create_default_context(cafile=value)
    except OSError:  # ssl.SSLError is one, too
        raise ValueError("name a file with certificates in PEM, or unset it") from None
    return value


def check_site(value: str) -> str:
    try:
        HttpUrl(value)
    except ValueError:
        raise ValueError("a site looks like https://example.org/") from None
    return value


def check_mail_address(value: str) -> str:
    if value and not MAIL_ADDRESS.fullmatch(value):
        raise ValueError("a mail address looks like sites@example.org, without a name")
    return value


def check_rate(value: str) -> str:
    try:
        parse_rate(value)
    except ValueError:
        raise ValueError("a rate looks like 600/minute, or 5000/10seconds") from None
    return value


Spoken = Literal["en", "ru", "zh"]


def read_language(value: object) -> object:
    """Read what gettext calls by the same name, and desktops set: `en_GB:en`, or nothing."""
    if not isinstance(value, str) or (value and not {"_", ":"} & set(value)):
        return value
    wanted = (part.partition("_")[0] for part in value.split(":"))
    return next((code for code in wanted if code in get_args(Spoken)), "en")


Language = Annotated[Spoken, BeforeValidator(read_language)]
Peer = Annotated[str, AfterValidator(check_peer)]
Origin = Annotated[str, AfterValidator(check_origin)]
Host = Annotated[str, AfterValidator(check_host)]
Ports = Annotated[str, AfterValidator(check_ports)]
CaFile = Annotated[str, AfterValidator(check_ca_file)]
Rate = Annotated[str, AfterValidator(check_rate)]
Network = Annotated[str, AfterValidator(check_network)]
SiteUrl = Annotated[str, AfterValidator(check_site)]
MailAddress = Annotated[str, AfterValidator(check_mail_address)]
T = TypeVar("T")
CommaList = Annotated[list[T], NoDecode, BeforeValidator(split_commas)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(normalize_url)]
MetricsToken = Annotated[SecretStr, AfterValidator(check_metrics_token)]
PgbouncerUrl = Annotated[SecretStr, AfterValidator(check_pgbouncer_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(check_redis_url)]
OtlpEndpoint = Annotated[HttpUrl, AfterValidator(check_otlp_endpoint)]
SentryDsn = Annotated[SecretStr, AfterValidator(check_sentry_dsn)]
PublicUrl = Annotated[HttpUrl, AfterValidator(check_address)]
