"""How far long work is, on the standard error: the output itself may go into a file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def show_progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give what is told how much is done: it moves a bar on a terminal, else it writes lines."""
    if not sys.stderr.isatty():
        yield lambda done: click.echo(f"{label}: {done} of {total}", err=True)
        return
    with click.progressbar(length=total, label=label, show_pos=True, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)
