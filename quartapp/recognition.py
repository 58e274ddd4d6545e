"""Sentences that were written down in English, told by the words around what was filled in.

Events, outages and what failed are kept as plain English, which programs get as it is. A page that
speaks another language finds here what such a sentence was made of.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from pathlib import Path

from babel.messages.mofile import read_mo

from quartapp.models.user import LANGUAGES
from quartapp.texts import Count, Text

CATALOG = Path(__file__).parent / "translations" / [*LANGUAGES][-1] / "LC_MESSAGES" / "messages.mo"
NESTED = ("length", "state", "doing", "words", "fault")  # places that hold texts of ours
PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])")
MIN_AROUND, MIN_WORDS = 6, 12  # letters around what was filled in, or in all: else it is anything
# What the system and OpenSSL say most often where a look fails: marked here, as nobody else does.
FAULTS = (
    Text("Connection refused"),
    Text("Connection reset by peer"),
    Text("No route to host"),
    Text("Network is unreachable"),
    Text("certificate has expired"),
    Text("certificate is not yet valid"),
    Text("self-signed certificate"),
    Text("self-signed certificate in certificate chain"),
    Text("unable to get local issuer certificate"),
    Text("Hostname mismatch, certificate is not valid for '%(host)s'"),
)
MAX_LENGTH = 1000  # characters; what is kept has 500 at most
MAX_PARTS = 3  # of a list of sentences
LENGTH = re.compile(r"(\d+ [a-z]+) (\d+ [a-z]+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with places to fill in; of a counted one *singular* and *plural* are known, too."""

    template: str
    singular: str
    plural: str
    start: str  # the words before the first place
    end: str  # and those after the last one
    pattern: re.Pattern[str]

    def read(self, text: str) -> Text | None:
        if not (text.startswith(self.start) and text.endswith(self.end)):
            return None
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        values: dict[str, object] = {
            name: recognize(value) if name in NESTED else value
            for name, value in found.groupdict().items()
        }
        if not self.plural:
            return Text(self.template, **values)
        return Count(self.singular, self.plural, int(str(values.pop("num"))), **values)


def recognize(text: str) -> Text:
    """Return *text* with what was filled in; as it is when no catalog knows it.

    Or when it is too long: to look for its places takes the square of its length, and more.
    """
    return Text(text) if len(text) > MAX_LENGTH else read_sentence(text)


@lru_cache(maxsize=2000)
def read_sentence(text: str) -> Text:
    whole, sentences = load_sentences()
    if text in whole:
        return Text(text)
    if found := LENGTH.fullmatch(text):
        return Text("%(first)s %(second)s", first=recognize(found[1]), second=recognize(found[2]))
    if joined := recognize_list(text):
        return joined
    return next((made for one in sentences if (made := one.read(text))), None) or Text(text)


def recognize_list(text: str) -> Text | None:
    """Return two or three sentences that commas join."""
    parts = text.split(", ")
    if not 1 < len(parts) <= MAX_PARTS:
        return None
    made = [recognize(part) for part in parts]
    if not all(sentence.values for sentence in made):
        return None
    return reduce(lambda a, b: Text("%(first)s, %(second)s", first=a, second=b), made)


@cache
def load_sentences() -> tuple[frozenset[str], list[Sentence]]:
    """Return what the catalogs know: whole texts, and those with places, the longest first."""
    with CATALOG.open("rb") as file:
        ids = [message.id for message in read_mo(file)]
    pairs = [(id, "") if isinstance(id, str) else (id[0], id[1]) for id in ids]
    found = [make_sentence(one, many, one) for one, many in pairs]
    found += [make_sentence(one, many, many) for one, many in pairs if many]
    sentences = [sentence for sentence in found if sentence]
    sentences.sort(key=lambda sentence: -len(PLACEHOLDER.sub("", sentence.template)))
    return frozenset(one for one, many in pairs if not many), sentences


def make_sentence(singular: str, plural: str, template: str) -> Sentence | None:
    """Return how *template* is read; None where it has no places, or too few words around them."""
    parts = PLACEHOLDER.split(template)
    words, names, kinds = parts[::3], parts[1::3], parts[2::3]
    is_clear = len(words[0] + words[-1]) >= MIN_AROUND or len("".join(words)) >= MIN_WORDS
    if (
        not names
        or not ("num" in names or (is_clear and not plural))
        or len(set(names)) < len(names)
    ):
        return None
    places = [
        f"(?P<{name}>{'[0-9]+' if kind == 'd' else '.+?'})"
        for name, kind in zip(names, kinds, strict=True)
    ]
    fixed = [re.escape(word) for word in words]
    rest = "".join(place + word for place, word in zip(places, fixed[1:], strict=True))
    pattern = re.compile(fixed[0] + rest, re.DOTALL)
    return Sentence(template, singular, plural, words[0], words[-1], pattern)
