"""Texts as cells of CSV, which spreadsheets open: pure rules that exports and imports share."""

FORMULA = tuple("=+-@＝＋－＠\t\r\n")  # what a cell begins with that a program would run  # noqa: RUF001
QUOTE = "'"  # before it, for programs to take it as text


def quote_cell(text: str) -> str:
    """Return the cell of *text*, which no program takes for a formula."""
    return QUOTE + text if is_risky(text) else text


def unquote_cell(cell: str) -> str:
    """Return the text of a cell that `quote_cell` wrote."""
    return cell.removeprefix(QUOTE) if is_risky(cell) else cell


def is_risky(text: str) -> bool:
    return text.lstrip(QUOTE).startswith(FORMULA)
