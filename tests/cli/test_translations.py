from pathlib import Path

import pytest
from click.testing import CliRunner

from quartapp.cli import translations
from quartapp.cli.translations import extract_texts, find_catalog, read_words, translations_command


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the catalogs that others read."""
    monkeypatch.setattr(translations, "FOLDER", tmp_path)


def test_new_texts_are_listed_until_they_are_translated() -> None:
    count = len(extract_texts())

    first = CliRunner().invoke(translations_command).output.splitlines()
    path = find_catalog("ru")
    said = 'msgid "Sites"\nmsgstr "Сайты"'
    path.write_text(path.read_text().replace('msgid "Sites"\nmsgstr ""', said))
    second = CliRunner().invoke(translations_command).output.splitlines()

    assert first[0] == f"ru: {count} texts, {count} to be translated"
    assert "  Sites" in first
    assert second[0] == f"ru: {count} texts, {count - 1} to be translated"
    assert second[count] == f"zh: {count} texts, {count} to be translated"


def test_text_that_is_gone_leaves_the_catalog() -> None:
    CliRunner().invoke(translations_command)
    path = find_catalog("zh")
    path.write_text(path.read_text() + '\nmsgid "Gone"\nmsgstr "x"\n')
    assert read_words("zh").get("Gone")

    CliRunner().invoke(translations_command)

    assert read_words("zh").get("Gone") is None
    assert '"Gone"' not in path.read_text()


def test_same_texts_make_the_same_files() -> None:
    CliRunner().invoke(translations_command)
    before = {path: path.read_bytes() for path in find_catalog("ru").parent.iterdir()}

    CliRunner().invoke(translations_command)

    assert {path: path.read_bytes() for path in before} == before
    assert {path.suffix for path in before} == {".po", ".mo"}
