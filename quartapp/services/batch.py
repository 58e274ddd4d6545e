"""Many rows in one statement."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def pad(keys: Iterable[T]) -> list[T]:
    """Return *keys* for an IN, the last one repeated up to a power of two.

    Each length is a statement of its own, that a database prepares: so there are few of them.
    """
    found = list(keys)
    length = 1 << (len(found) - 1).bit_length() if found else 0
    return found + found[-1:] * (length - len(found))
