"""What strangers wrote, made fit to be shown."""

MAX_LINE = 200  # characters


def clean_line(text: str, length: int = MAX_LINE) -> str:
    """Return one line without control characters, not longer than it may be."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
