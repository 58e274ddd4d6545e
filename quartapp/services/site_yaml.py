"""YAML of strangers: bounded before anything is made of it, and each part knows its line."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import yaml

from quartapp.errors import InvalidError
from quartapp.services.site_file import make_fault, make_refusal
from quartapp.texts import Text

MAX_DEPTH = 50
MAX_EVENTS = 500_000
MAX_VALUES = 500_000  # once each alias stands for what it names
VALUE_LENGTH = 64  # characters that count as one value
KEPT = ("null", "bool", "merge")
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")


def choose_resolvers(base: Any) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return what tells values from texts, by their first characters: the core of YAML 1.2.

    Without fractions, which nothing here is: with what is left out here, as numbers to the base
    of 60, dates and long numbers, they stay texts, which cost no more than they are long.
    """
    tags = {f"tag:yaml.org,2002:{kind}" for kind in KEPT}
    found = {
        first: [(tag, pattern) for tag, pattern in pairs if tag in tags]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    for first in "-+0123456789":
        found[first] = [("tag:yaml.org,2002:int", INTEGER)]
    return found


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: ClassVar[Any] = choose_resolvers(yaml.SafeLoader)


class Size(NamedTuple):
    values: int
    depth: int


BEING_MEASURED = Size(0, 0)


def read_mapping(text: str) -> yaml.MappingNode:
    """Return what the file says, unmade; InvalidError for what is no mapping, or asks too much."""
    try:
        check_events(text)
        root = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"Line {mark.line + 1}: " if mark else ""
        raise InvalidError(f"{where}This is not YAML.") from error
    if not isinstance(root, yaml.MappingNode):
        raise InvalidError("This is YAML, but no mapping with endpoints.")
    measure(root, {})
    return root


def check_events(text: str) -> None:
    """Refuse what is too deep, too long, or has tags; nothing is nested by us for that."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or number > MAX_EVENTS:
            raise refuse(event, "This is nested too deeply, or too long")
        if getattr(event, "tag", None) is not None:
            raise refuse(event, "Tags are not read")


def refuse(event: yaml.Event, why: str) -> InvalidError:
    return InvalidError(f"Line {event.start_mark.line + 1}: {why}.")


def measure(node: yaml.Node, known: dict[int, Size]) -> Size:
    """Return the size of a value with all aliases written out.

    Refuse one too large, a ring, and a key that stands there twice.
    """
    if id(node) in known:
        if (size := known[id(node)]) is BEING_MEASURED:
            raise InvalidError("An alias stands for what it is in.")
        return size
    known[id(node)] = BEING_MEASURED
    if isinstance(node, yaml.MappingNode):
        refuse_repeated(key for key, _ in node.value)
    sizes = [measure(child, known) for child in list_children(node)]
    own = 1 + (len(node.value) // VALUE_LENGTH if isinstance(node, yaml.ScalarNode) else 0)
    values = own + sum(one.values for one in sizes)
    size = Size(values, 1 + max((one.depth for one in sizes), default=0))
    if size.values > MAX_VALUES or size.depth > MAX_DEPTH:
        raise InvalidError("Its aliases stand for too much.")
    known[id(node)] = size
    return size


def refuse_repeated(keys: Iterable[yaml.Node]) -> None:
    """Refuse what Gatus refuses, too: of two values with one key the first would be lost."""
    seen: set[str] = set()
    for key in keys:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                said = Text("The key %(key)s stands there twice.", key=repr(key.value[:50]))
                raise make_refusal([make_fault(find_line(key), "", said)])
            seen.add(key.value)


def list_children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def find_line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def find_child(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if key.value == name), None)


def make_value(node: yaml.Node) -> Any:
    """Return plain values; ValueError where a key cannot be one."""
    loader = Loader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError("This is not YAML.") from error
    finally:
        loader.dispose()
