import pytest

from quartapp.models.cell import quote_cell, unquote_cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1", "'=1"), ("'=1", "''=1"), ("''@a", "'''@a"), ("'a", "'a"), ("a=1", "a=1"), ("", "")],
)
def test_text_comes_back_from_its_cell(text: str, cell: str) -> None:
    assert (quote_cell(text), unquote_cell(cell)) == (cell, text)
