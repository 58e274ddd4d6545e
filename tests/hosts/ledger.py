"""Clients that write, and note what they were told."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.hosts.network import Host
from tests.outside import Address, Connection

CLIENTS = 3  # with keys, and as many without
PAUSE = 0.05  # s between two requests of a client
PATIENCE = 60.0  # s until a key must be answered


@dataclass
class Ledger:
    """What clients wrote: those with keys until they are answered, the others once."""

    address: Address
    path: str
    headers: Mapping[str, str]
    seen: Counter[str] = field(default_factory=Counter)
    written: list[str] = field(default_factory=list)  # bodies of comments that were answered 201
    given_up: list[str] = field(default_factory=list)  # keys
    enough: threading.Event = field(default_factory=threading.Event)

    def write_with_keys(self, client: int) -> None:
        for body in self.name_bodies(f"key {client}"):
            key, deadline = body.replace(" ", "-"), time.monotonic() + PATIENCE
            while not self.write(body, {"Idempotency-Key": key}):
                if time.monotonic() > deadline:
                    self.given_up.append(key)
                    return
                time.sleep(PAUSE)

    def write_once(self, client: int) -> None:
        for body in self.name_bodies(f"once {client}"):
            self.write(body, {})

    def name_bodies(self, prefix: str) -> Iterator[str]:
        number = 0
        while not self.enough.wait(PAUSE):
            yield f"{prefix} {number}"
            number += 1

    def write(self, body: str, more: Mapping[str, str]) -> bool:
        """Tell whether it was acknowledged."""
        connection = Connection(self.address)
        try:
            headers = {**self.headers, **more}
            reply = connection.ask(self.path, "POST", json.dumps({"body": body}), headers)
            outcome = str(reply.status)
        except (OSError, HTTPException) as error:
            outcome = type(error).__name__
        finally:
            connection.close()
        self.seen[outcome] += 1
        if outcome == "201":
            self.written.append(body)
        return outcome == "201"


@contextmanager
def writing(ledger: Ledger, host: Host) -> Iterator[None]:
    """Have the clients write on *host* until the block ends."""
    threads = [
        threading.Thread(target=work, args=(client,))
        for work in (ledger.write_with_keys, ledger.write_once)
        for client in range(CLIENTS)
    ]
    for thread in threads:
        host.do(thread.start)  # a thread is where the one is that starts it
    try:
        yield
    finally:
        ledger.enough.set()
        for thread in threads:
            thread.join()
