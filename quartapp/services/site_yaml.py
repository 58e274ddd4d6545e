"""YAML of strangers: bounded before anything is made of it, and each part knows its line."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from quartapp.errors import InvalidError

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 50
MAX_EVENTS = 500_000
MAX_VALUES = 500_000  # once each alias stands for what it names
KINDS = ("null", "bool", "int", "float", "str", "seq", "map", "merge", "timestamp", "binary")
TAGS = {None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in KINDS)}


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
    """Refuse what is too deep, too long, or asks for objects; nothing is nested by us for that."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=Loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or number > MAX_EVENTS:
            raise refuse(event, "This is nested too deeply, or too long")
        if getattr(event, "tag", None) not in TAGS:
            raise refuse(event, "Tags of programs are not read")


def refuse(event: yaml.Event, why: str) -> InvalidError:
    return InvalidError(f"Line {event.start_mark.line + 1}: {why}.")


def measure(node: yaml.Node, known: dict[int, Size]) -> Size:
    """Return the size of a value with all aliases written out; refuse one too large, or a ring."""
    if id(node) in known:
        if (size := known[id(node)]) is BEING_MEASURED:
            raise InvalidError("An alias stands for what it is in.")
        return size
    known[id(node)] = BEING_MEASURED
    sizes = [measure(child, known) for child in list_children(node)]
    size = Size(
        1 + sum(one.values for one in sizes), 1 + max((one.depth for one in sizes), default=0)
    )
    if size.values > MAX_VALUES or size.depth > MAX_DEPTH:
        raise InvalidError("Its aliases stand for too much.")
    known[id(node)] = size
    return size


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
    """Return plain values; ValueError where a scalar is not what it says it is."""
    loader = Loader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError("This is not YAML.") from error
    finally:
        loader.dispose()
