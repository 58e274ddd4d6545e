"""Secrets that nobody has, for tests of those that somebody has."""

from collections.abc import Callable, Iterable

from quartapp.security import hash_token, make_token


def guess_beside(secrets: Iterable[str], make: Callable[[], str] = make_token) -> list[str]:
    """Return two that are nobody's: their hashes come before and after those of all *secrets*."""
    hashes = sorted(map(hash_token, secrets))
    found: list[str] = []
    while not found or hash_token(found[0]) >= hashes[0]:
        found[:1] = [make()]
    while len(found) < 2 or hash_token(found[1]) <= hashes[-1]:
        found[1:] = [make()]
    return found
