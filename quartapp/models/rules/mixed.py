"""What a page by https names by http."""

from collections.abc import Callable, Iterator, Mapping

from quartapp.models.rules.page import Page, is_local, name_place
from quartapp.models.rules.rule import Place, Rule, Scope, Severity
from quartapp.models.rules.tags import Tag
from quartapp.texts import Text

# By tag, the attributes whose address can change the page, or gets what is typed into it.
ACTIVE = {
    "script": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
    "link": ("href",),
    "object": ("data",),
    "embed": ("src",),
    "form": ("action",),
    "button": ("formaction",),
    "input": ("formaction",),
}
PASSIVE = {
    "img": ("src",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src",),
    "input": ("src",),
}


def find_mixed(kinds: Mapping[str, tuple[str, ...]]) -> Callable[[Page], Iterator[Place]]:
    """Return what finds addresses by http in a page by https."""

    def find(page: Page) -> Iterator[Place]:
        if not page.is_secure or page.is_upgraded:
            return
        for tag, link in get_links(page, kinds):
            target = page.resolve(link)
            if target.scheme == "http" and not is_local(target.hostname or ""):
                yield (
                    name_place(target),
                    Text("A tag of the kind %(name)s names it.", name=tag.name),
                )

    return find


def get_links(page: Page, kinds: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Tag, str]]:
    for tag in page.get_tags(*kinds):
        if tag.name == "link" and not tag.is_stylesheet:
            continue
        links = (tag.get(attribute) for attribute in kinds[tag.name])
        yield from ((tag, link) for link in links if link)


RULES = (
    Rule(
        "mixed-active",
        Severity.HIGH,
        Text("Active content by http"),
        Text(
            "A page by https loads scripts, frames or styles by http, or sends forms so. Who is "
            "on the way can change the page or read what is typed; browsers block much of it."
        ),
        Text("Name it by https, or send `Content-Security-Policy: upgrade-insecure-requests`."),
        "MDN: Mixed content",
        Scope.PAGE,
        find_mixed(ACTIVE),
    ),
    Rule(
        "mixed-passive",
        Severity.LOW,
        Text("Images or media by http"),
        Text(
            "A page by https shows images or media that come by http. Who is on the way sees "
            "and can replace them."
        ),
        Text("Name them by https, or send `Content-Security-Policy: upgrade-insecure-requests`."),
        "MDN: Mixed content",
        Scope.PAGE,
        find_mixed(PASSIVE),
    ),
)
