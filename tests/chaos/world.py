"""The sites that are watched, most of them well for ever; the fickle ones do as they are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import gaierror

from tests.chaos.names import NameServer, serve_names
from tests.monitoring.farm import (
    Behaviour,
    Farm,
    Reader,
    Writer,
    hang,
    make_answer,
    open_farm,
    reset,
    say,
)

STEADY, FICKLE, CANARIES = 8, 3, 2  # sites
PAGE = make_answer(b"<title>Site</title><p>Always the same.", headers={"Connection": "close"})


@dataclass
class World:
    names: NameServer
    steady: list[str] = field(default_factory=list)  # URLs
    fickle: list[str] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    behave: Behaviour = field(default_factory=lambda: say(PAGE))  # of the fickle ones

    def turn_well(self) -> None:
        self.behave = say(PAGE)

    def turn_mute(self) -> None:
        self.behave = hang()

    def turn_rude(self) -> None:
        self.behave = reset(PAGE[:20])

    def turn_broken(self) -> None:
        self.behave = say(make_answer(b"Broken.", status="500 Internal Server Error"))

    async def do_as_told(self, reader: Reader, writer: Writer) -> None:
        await self.behave(reader, writer)


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    async with open_farm() as farm, serve_names(lambda name: find_address(farm, name)) as names:
        world = World(names)
        world.steady = [await farm.serve(say(PAGE)) for _ in range(STEADY)]
        world.canaries = [await farm.serve(say(PAGE)) for _ in range(CANARIES)]
        world.fickle = [await farm.serve(world.do_as_told) for _ in range(FICKLE)]
        yield world


def find_address(farm: Farm, name: str) -> str | None:
    with suppress(gaierror):
        return str(farm.lookup(name, 0)[0][4][0])
    return None
