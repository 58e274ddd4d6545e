"""What strangers wrote, made fit to be shown."""

MAX_LINE = 200  # characters


def clean_line(text: str) -> str:
    """Return one line without control characters, not longer than it may be."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
