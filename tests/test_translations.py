"""That each text is marked, and said in each language."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from jinja2 import Environment
from jinja2.lexer import TOKEN_DATA

from quartapp.cli.translations import (
    TRANSLATED,
    extract_texts,
    find_catalog,
    list_missing,
    read_words,
    renew,
)
from quartapp.web.moment import FORMATS

PACKAGE = Path(__file__).parent.parent / "quartapp"
TEMPLATES = PACKAGE / "templates"
PLACE = re.compile(r"%\((\w+)\)[sd]")
TAG = re.compile(r"<(?:/?[a-zA-Z]|[!?])[^<>]*>|[\w-]+=\"[^\"]*\"")
SAID = re.compile(r"""\b(?:aria-label|title|placeholder|alt)="([^"]*)""")
ENTITY = re.compile(r"&\w+;")
# Names, units and words that are the same in every language.
ALLOWED = {"quartapp", "API", "Atom", "RSS", "CSV", "NDJSON", "TLS", "ms", "UTC", *FORMATS}
UNTOLD = {"api/docs.html"}  # the page of the API, which is in English


# --- catalogs


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalog_has_each_text_and_no_other(language: str) -> None:
    words = read_words(language)

    assert {message.id for message in words if message.id} == set(extract_texts())
    assert list_missing(words) == []
    assert [message.id for message in words if message.id and message.fuzzy] == []
    assert list(words.obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalog_is_as_the_command_writes_it(language: str) -> None:
    """Or else somebody changed a text, and forgot `python3 manage.py translations`."""
    compiled = BytesIO()
    write_mo(compiled, renew(language, extract_texts()))

    assert find_catalog(language).with_suffix(".mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("language", TRANSLATED)
def test_translation_fills_in_what_the_text_does(language: str) -> None:
    words = read_words(language)

    wrong = {
        said
        for message in words
        if message.id
        for said in as_tuple(message.string)
        if set(PLACE.findall(said)) != set(PLACE.findall("".join(as_tuple(message.id))))
    }
    assert wrong == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_translation_has_the_markup_of_the_text(language: str) -> None:
    found = re.compile(r"</?\w+>|`[^`]*`|%%")

    wrong = {
        message.string
        for message in read_words(language)
        if isinstance(message.id, str)
        and sorted(found.findall(message.id)) != sorted(found.findall(str(message.string)))
    }
    assert wrong == set()


def test_catalog_tells_no_time_and_no_name() -> None:
    head = find_catalog("zh").read_text().partition("\n\n")[0]

    assert head.splitlines() == [
        "# What quartapp says.",
        'msgid ""',
        'msgstr ""',
        r'"Language: zh\n"',
        r'"MIME-Version: 1.0\n"',
        r'"Content-Type: text/plain; charset=utf-8\n"',
        r'"Content-Transfer-Encoding: 8bit\n"',
        '"Plural-Forms: nplurals=1; plural=0;"',
    ]


def as_tuple(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


# --- what is marked


@pytest.mark.parametrize(
    "name",
    sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.*")),
)
def test_template_has_no_text_that_is_not_marked(name: str) -> None:
    assert name in UNTOLD or find_unmarked(name, (TEMPLATES / name).read_text()) == []


def test_unmarked_text_in_a_template_is_found() -> None:
    source = """{# no text #}<p class="a{{ b }}" aria-label="One">Two {{ _("three") }} ms</p>
    {% trans %}Four{% endtrans %}{{ csrf_button("Five", "link") }}{{ "Six" ~ name or "seven" }}"""

    assert find_unmarked("a.html", source) == ["One", "Two", "Five", "Six", "seven"]


def find_unmarked(name: str, source: str) -> list[str]:
    """Return what a template says in words that no catalog knows."""
    if name.endswith(".html"):
        source = re.sub(r"\bstyle=\"[^\"]*\"", "", source)
    page = "".join(blank(kind, value) for kind, value in read_parts(source))
    words = [*SAID.findall(page), *TAG.sub("\n", page).split("\n")]
    parts = (part.strip() for text in words for part in ENTITY.sub("", text).split("\0"))
    found = [part for part in parts if has_words(part)]
    return found + [text for text in find_literals(source) if has_words(text)]


def blank(kind: str, value: str) -> str:
    return value if kind == TOKEN_DATA else "\0"


def read_parts(source: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between the tags of Jinja, and each of these; what is translated is one."""
    depth = 0
    tag: list[str] = []
    for _, kind, value in Environment(autoescape=True).lex(source):
        if kind == TOKEN_DATA:
            if not depth:
                yield kind, value
            continue
        tag.append(value)
        if kind in ("block_end", "variable_end", "comment_end"):
            depth += (tag[2:3] == ["trans"]) - (tag[2:3] == ["endtrans"])
            yield "tag", ""
            tag = []


def has_words(text: str) -> bool:
    return any(word not in ALLOWED for word in re.findall(r"[^\W\d_]+", text))


# Where a literal is a text for people: after these, before `else`, as what `or` stands in for.
CALLED = re.compile(r'(?:csrf_button\(|show_form\(\w+, |show_downloads\()\s*"([^"]*)"')
SHOWN = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
CHOSEN = re.compile(
    r'(?<![\w(=])"([A-Za-z][^"]*)"\s*(?:~|if\b|$)|(?:\bor|\belse|~)\s*"([A-Za-z][^"]*)"'
)


def find_literals(source: str) -> Iterator[str]:
    """Yield the literals that are shown, but not translated."""
    yield from CALLED.findall(source)
    for shown in SHOWN.findall(source):
        bare = re.sub(
            r"\b(?:_|ngettext|url_for|show_\w+|dict|get|format|strftime)\([^()]*\)", "", shown
        )
        for found in CHOSEN.finditer(bare.strip()):
            yield found[1] or found[2]


# --- what Python says


PARTS = ("web", "services", "models", "auth", "limits", "mail", "monitoring", "telling")
SOURCES = sorted(path for part in PARTS for path in (PACKAGE / part).rglob("*.py"))
ERRORS = re.compile(r"\w*(?:Error|Field)$")
# Where the text is not the first of the values.
PLACES = {"add_error": 1, "of_field": 1, "FieldError": 1, "LookError": 1, "WrongFieldError": 1}
TOLD = {"flash", "finish", *PLACES}
# Errors that people meet in the log alone, or on the command line, which is English.
LOGGED = {"mail/backends.py", "mail/worker.py", "web/moment.py"}
COMMANDED = {"models/archive.py", "services/backup.py"} | {
    f"services/site_{part}.py" for part in ("conditions", "foreign", "gatus", "kuma", "yaml")
}


def test_python_has_no_text_that_is_not_marked() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {text}"
        for path in SOURCES
        if str(path.relative_to(PACKAGE)) not in LOGGED | COMMANDED
        for text in find_plain(ast.parse(path.read_text()))
    }
    assert found == set()


def test_unmarked_text_in_python_is_found() -> None:
    source = """
flash("One", "success")
flash(gettext("two"), "success")
raise NotFoundError(f"There is no bug {id}.")
raise NotFoundError(Text("There is no bug %(id)s.", id=id))
raise InvalidError.of_field("name", "It is wrong.")
name = StringField("Name")
name = StringField(_("Name"), description="Some name.")
"""
    assert sorted(find_plain(ast.parse(source))) == [
        "'It is wrong.'",
        "'Name'",
        "'One'",
        "'Some name.'",
        "f'There is no bug {id}.'",
    ]


def find_plain(tree: ast.AST) -> Iterator[str]:
    """Yield the literals that are shown to people as they stand."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        is_told = name in TOLD or ERRORS.match(name)
        shown = call.args[PLACES.get(name, 0) :][:1] if is_told else []
        shown += [word.value for word in call.keywords if word.arg == "description"]
        yield from (ast.unparse(value) for value in shown if is_plain(value))


def is_plain(value: ast.expr) -> bool:
    """Tell whether it is a text: what has a space in it, or a capital at its head."""
    text = value.value if isinstance(value, ast.Constant) else ""
    is_text = isinstance(text, str) and (" " in text or text[:1].isupper())
    return is_text or isinstance(value, ast.JoinedStr)


def test_lazy_text_has_no_values() -> None:
    """A LazyString is shown as it is: what is filled in would not be escaped."""
    found = {path: find_filled(path.read_text()) for path in PACKAGE.rglob("*.py")}

    assert {path: lines for path, lines in found.items() if lines} == {}


def test_lazy_text_with_values_is_found() -> None:
    source = 'from quart_babel import lazy_gettext as _\nlabel = _("Hello %(name)s", name=name)'
    assert find_filled(source) == [2]


def find_filled(source: str) -> list[int]:
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.startswith("lazy_")
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in names and call.keywords
    ]


def test_text_is_known_by_its_own_name() -> None:
    """Under another one it is not extracted."""
    renamed = re.compile(r"^from quartapp\.texts import .* as ", re.MULTILINE)

    assert [path for path in PACKAGE.rglob("*.py") if renamed.search(path.read_text())] == []
