"""`quart translations`: carry the texts of the sources into the catalogs, and compile these."""

from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from quartapp.languages import ENGLISH
from quartapp.models.user import LANGUAGES

PACKAGE = Path(__file__).parent.parent
FOLDER = PACKAGE / "translations"
TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]
SOURCES = [
    ("**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
    ("templates/**.xml", "jinja2"),
    ("templates/**.svg", "jinja2"),
]
KEYWORDS = {**DEFAULT_KEYWORDS, "Text": None, "Count": (1, 2), "lazy_gettext": None}

Id = str | tuple[str, ...] | list[str]


class Words(Catalog):
    """A catalog whose head tells no time and nobody's name: the same texts make the same file."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


@click.command("translations")
def translations_command() -> None:
    """Carry new texts into the catalogs, drop those that are gone, and compile."""
    texts = extract_texts()
    for language in TRANSLATED:
        words = renew(language, texts)
        write(words)
        missing = list_missing(words)
        click.echo(f"{language}: {len(texts)} texts, {len(missing)} to be translated")
        for text in missing:
            click.echo(f"  {text}")


def extract_texts() -> dict[Id, list[str]]:
    """Return every text that is marked, and the files that it stands in."""
    found: dict[Id, list[str]] = {}
    extracted = extract_from_dir(PACKAGE, SOURCES, keywords=KEYWORDS, comment_tags=())
    for file, _, text, _, _ in sorted(extracted, key=lambda item: item[0]):
        files = found.setdefault(text, [])
        if file not in files:
            files.append(file)
    return found


def renew(language: str, texts: dict[Id, list[str]]) -> Words:
    """Return the catalog of *texts*, with what has been translated of them."""
    known, words = read_words(language), make_words(language)
    for text, files in texts.items():
        message = known.get(text)
        unsaid = "" if isinstance(text, str) else ("",) * words.num_plurals
        said = message.string if message and not message.fuzzy else unsaid
        words.add(text, said, locations=[(file, 0) for file in files])
    return words


def make_words(language: str) -> Words:
    return Words(language, header_comment="# What quartapp says.", fuzzy=False)


def read_words(language: str) -> Catalog:
    path = find_catalog(language)
    if not path.exists():
        return make_words(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def find_catalog(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def list_missing(words: Catalog) -> list[Id]:
    """Return the texts that are not translated, or not in each form of a plural."""
    return [message.id for message in words if message.id and not is_translated(message.string)]


def is_translated(said: object) -> bool:
    return all(said) if isinstance(said, tuple | list) else bool(said)


def write(words: Words) -> None:
    path = find_catalog(str(words.locale))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, words, width=0, sort_by_file=True, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, words)
