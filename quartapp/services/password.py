"""Which passwords are good enough (NIST SP 800-63B-4 §3.1.1.2): long, not common, not the name."""

from collections.abc import Collection
from functools import cache
from importlib import import_module

from quartapp.errors import InvalidError
from quartapp.security import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    MIN_SECOND_PASSWORD,
    hash_password,
    normalize_password,
)
from quartapp.texts import Text

EVERYBODYS_WORDS = ("quartapp",)
MIN_WORD = 3  # characters of a word that counts as somebody's own
MIN_REST = 8  # characters that are left without common and own words


async def make_password_hash(
    password: str, *, own_words: Collection[str], has_second_factor: bool = False
) -> str:
    """Return the hash of a new password; InvalidError, which says why, for one that is too weak."""
    refuse_weak_password(password, own_words=own_words, has_second_factor=has_second_factor)
    return await hash_password(password)


def refuse_weak_password(
    password: str, *, own_words: Collection[str], has_second_factor: bool = False
) -> None:
    if fault := find_fault(password, own_words, has_second_factor):
        raise InvalidError.of_field("password", fault)


def find_own_words(name: str, email: str | None) -> list[str]:
    return [name, *(email or "").split("@")]


def find_fault(password: str, own_words: Collection[str], has_second_factor: bool = False) -> str:
    """Return what is wrong with a new password, in words for the person who chose it."""
    least = MIN_SECOND_PASSWORD if has_second_factor else MIN_PASSWORD
    plain = normalize_password(password)
    if not least <= len(plain) <= MAX_PASSWORD:
        return Text(
            "A password has %(least)s to %(most)s characters.", least=least, most=MAX_PASSWORD
        )
    folded = plain.casefold()
    if is_common(folded) or is_common(folded.strip("0123456789!?.,;:-_*#@$ ")):
        return Text("Many people use this password, and it is guessed first; choose another.")
    rest = folded
    for word in [*EVERYBODYS_WORDS, *(word.casefold() for word in own_words)]:
        rest = rest.replace(word, "") if len(word) >= MIN_WORD else rest
    if len(rest) < min(MIN_REST, least) and rest != folded:
        return Text("This password is made of your own name or address; choose another.")
    return ""


def is_common(folded: str) -> bool:
    """Tell whether it is a frequent password, or a short one again and again."""
    unit = find_unit(folded)
    return folded in read_common() or len(unit) < MIN_WORD + 1 or is_made_of_two(unit)


def is_made_of_two(text: str) -> bool:
    """Tell whether it is a frequent password, or one behind another: long ones are made so."""
    common, middle = read_common(), range(MIN_WORD, len(text) - MIN_WORD + 1)
    return text in common or any(text[:at] in common and text[at:] in common for at in middle)


def find_unit(text: str) -> str:
    """Return the shortest part that *text* repeats: "abc" of "abcabcabc"."""
    start = (text + text).find(text, 1)
    return text[:start] if start > 0 else text


@cache
def read_common() -> frozenset[str]:
    """The passwords found most often in what was stolen elsewhere, 30,000 of them.

    Their package takes 9 MB, which a process spends with the first password that is chosen.
    """
    return frozenset(import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"])
