"""How long answers take, as a process of its own has it: a flood is written beside it."""

from time import monotonic

from tests.outside import Address, Connection


def ask_for(address: Address, seconds: float) -> float:
    """Ask for so long, each time answered; return the 99th percentile of the seconds."""
    took, end = [], monotonic() + seconds
    while monotonic() < end:
        start = monotonic()
        connection = Connection(address, timeout=30)
        assert connection.ask("/livez").status == 200
        connection.close()
        took.append(monotonic() - start)
    return sorted(took)[int(len(took) * 0.99)]
