"""The text of a page of HTML, in lines, as a reader would see it; and where the page leads."""

from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from quartapp.models.lens import Lens
from quartapp.models.markup import bound_markup
from quartapp.models.selector import Picker

UNSEEN = frozenset(["script", "style", "noscript", "template", "svg", "math", "-comment"])
BLOCKS_NAMES = (
    "address article aside blockquote body br button caption center dd details dialog div dl "
    "dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe "
    "legend li main menu nav ol optgroup option p pre search section select summary table "
    "tbody td tfoot th thead title tr ul"
)
BLOCKS = frozenset(BLOCKS_NAMES.split())
# Where a page leads is what a defacer changes and no reader sees. Only hosts are kept: session
# identifiers and cache-busters are in paths. Each stands once, in order, below the text.
TARGETS = {
    "a": ("link", "href"),
    "area": ("link", "href"),
    "base": ("base", "href"),
    "link": ("style", "href"),
    "script": ("script", "src"),
    "iframe": ("frame", "src"),
    "frame": ("frame", "src"),
    "embed": ("object", "src"),
    "object": ("object", "data"),
    "form": ("form", "action"),
    "img": ("image", "src"),
}
TOLD_AT_HOME = {"frame", "object"}  # these are told of when they lead to the site itself, too
WHOLE = {"mailto", "tel", "sms"}  # the address is the content


class MissingSelectorError(Exception):
    """Nothing on the page is what the selector says."""


def read_html(html: str, url: str, lens: Lens) -> tuple[list[str], bool]:
    """Return the lines of a page, and whether a part of it was left out."""
    markup, is_cut = bound_markup(html)
    parser = LexborHTMLParser(markup)
    if parser.root is None:
        return [], is_cut
    picker = Picker(parser)
    skipped = set[int]().union(*map(picker.find, lens.exclude))
    reader = Reader(urlsplit(url).hostname or "", skipped, find_roots(picker, lens.include))
    for node in parser.root.traverse(include_text=True):
        reader.read(node)
    return reader.end(), is_cut


def find_roots(picker: Picker, selectors: tuple[str, ...]) -> set[int]:
    """Return the nodes that are read, with all below them; without selectors: the whole page."""
    roots: set[int] = set()
    for selector in selectors:
        found = picker.find(selector)
        if not found:
            raise MissingSelectorError(selector)
        roots |= found
    return roots


class Reader:
    """Takes the nodes of a page one after another, parents first, and keeps the lines."""

    def __init__(self, host: str, skipped: set[int], roots: set[int]) -> None:
        self.host, self.skipped, self.roots = host, skipped, roots
        self.blocks: dict[int, int] = {}  # node → the block it is in; what is not read is not here
        self.outside: set[int] = set()  # nodes above and beside the roots
        self.lines: list[str] = []
        self.parts: list[str] = []
        self.targets: set[str] = set()
        self.block = 0

    def read(self, node: LexborNode) -> None:
        tag, key, parent = node.tag or "", node.mem_id, node.parent
        above = parent.mem_id if parent is not None else 0
        is_top = not self.blocks and not self.outside
        if key in self.skipped or not (is_top or above in self.blocks or above in self.outside):
            return  # it is skipped, or what it is in is
        is_read = above in self.blocks or key in self.roots or not self.roots
        if not is_read:
            self.outside.add(key)
        elif tag == "-text":
            self.add(node.text(), self.blocks.get(above, 0))
        else:
            self.enter(node, tag, key, self.blocks.get(above, key))

    def enter(self, node: LexborNode, tag: str, key: int, block: int) -> None:
        if tag in TARGETS:
            kind, name = TARGETS[tag]
            self.note(kind, node.attributes.get(name) or "")
        if tag in UNSEEN:
            return
        if tag in BLOCKS:
            self.break_line()
            block = key
        self.blocks[key] = block
        if tag == "img":
            self.add(f" {node.attributes.get('alt') or ''} ", block)
        elif tag == "meta":
            self.read_meta(node.attributes)

    def read_meta(self, attributes: dict[str, str | None]) -> None:
        content = " ".join((attributes.get("content") or "").split())
        if (attributes.get("name") or "").lower() == "description" and content:
            self.targets.add(f"[description] {content}")
        elif (attributes.get("http-equiv") or "").lower() == "refresh":
            _, _, target = content.partition("=")
            self.note("refresh", target.strip("'\" "))

    def add(self, text: str, block: int) -> None:
        if text and not text.isspace() and block != self.block:
            self.break_line()
            self.block = block
        self.parts.append(text)

    def note(self, kind: str, address: str) -> None:
        try:
            parts = urlsplit(address.strip())
            host = parts.hostname or ""
        except ValueError:
            return
        if parts.scheme in WHOLE:
            self.targets.add(f"[{kind}] {parts.scheme}:{parts.path}")
        elif host and host != self.host:
            self.targets.add(f"[{kind}] {host}")
        elif parts.scheme in ("data", "javascript", "blob") and kind != "image":
            self.targets.add(f"[{kind}] {parts.scheme}:")
        elif kind in TOLD_AT_HOME:
            self.targets.add(f"[{kind}] {self.host}")

    def break_line(self) -> None:
        if line := " ".join("".join(self.parts).split()):
            self.lines.append(line)
        self.parts.clear()

    def end(self) -> list[str]:
        self.break_line()
        return self.lines + sorted(self.targets)
