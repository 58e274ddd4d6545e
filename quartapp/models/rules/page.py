"""A look as the rules read it: what several of them ask for is worked out once."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_address
from itertools import islice
from urllib.parse import SplitResult, urljoin, urlsplit

from quartapp.models.look import Look
from quartapp.models.rules.policy import Policy, parse_policies
from quartapp.models.rules.tags import MAX_TAGS, Tag, read_tags

HTML = {"text/html", "application/xhtml+xml"}
NOWHERE = urlsplit("")


class Page:
    def __init__(self, look: Look) -> None:
        self.look = look
        self.address = split(look.final_url or look.url)
        self.host = self.address.hostname or ""
        self.is_secure = self.address.scheme == "https"
        self.is_answered = look.reason is None and look.status is not None
        self.is_good = self.is_answered and 200 <= (look.status or 0) < 300
        media_type = look.get_header("content-type").partition(";")[0].strip().lower()
        self.is_html = self.is_answered and media_type in HTML

    @cached_property
    def text(self) -> str:
        """The body; what rules look for is ASCII, so that UTF-8 stands for all that hold it."""
        body = self.look.body
        is_wide = body.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        return body.decode("utf-16" if is_wide else "utf-8", errors="replace")

    @cached_property
    def _tags(self) -> list[Tag]:
        return list(islice(read_tags(self.text), MAX_TAGS + 1))

    @property
    def is_whole(self) -> bool:
        return not self.look.is_cut and len(self._tags) <= MAX_TAGS

    def get_tags(self, *names: str) -> Iterator[Tag]:
        return (tag for tag in self._tags if tag.name in names)

    @cached_property
    def title(self) -> str:
        return next((tag.text for tag in self.get_tags("title")), "")

    @cached_property
    def base(self) -> str:
        """The address that links are relative to."""
        link = next((tag.get("href") for tag in self.get_tags("base") if tag.get("href")), "")
        return join(self.address.geturl(), link)

    def resolve(self, link: str) -> SplitResult:
        return split(join(self.base, link))

    def get_metas(self, attribute: str, name: str) -> list[str]:
        metas = self.get_tags("meta")
        return [tag.get("content") for tag in metas if tag.get(attribute).strip().lower() == name]

    @cached_property
    def policies(self) -> list[Policy]:
        """The content security policies, all of which hold."""
        headers = self.look.get_headers("content-security-policy")
        metas = self.get_metas("http-equiv", "content-security-policy") if self.is_html else []
        return parse_policies(headers) + parse_policies(metas)

    @cached_property
    def is_upgraded(self) -> bool:
        """Whether browsers ask for all it holds by https."""
        names = {"upgrade-insecure-requests", "block-all-mixed-content"}
        return any(names & policy.keys() for policy in self.policies)


def join(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return ""


def split(url: str) -> SplitResult:
    """Return the parts of an address; none when it is none."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else NOWHERE
    except ValueError:
        return NOWHERE


def name_place(parts: SplitResult) -> str:
    """Return an address without what changes from look to look, or is secret."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def is_local(host: str) -> bool:
    """Tell whether browsers trust the host without https: it is the machine they run on."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ip_address(host).is_loopback


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
