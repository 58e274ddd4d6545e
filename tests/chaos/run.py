"""Faults are drawn, one or two at a time, under load; then the system is left to recover."""

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cost import read_own_memory
from tests.chaos.calm import Calm, stay_calm
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.load import Load, loading
from tests.chaos.stack import Stack, answers, find_address
from tests.processes import Program

PATIENCE = 60.0  # s until all processes are ready
AFTER = 5.0  # s in which a fault that is over may still be felt
BOTH = 0.3  # the share of rounds with two faults


@dataclass(frozen=True)
class Round:
    faults: tuple[Fault, ...]
    seconds: float  # that they last
    rest: float  # s until the next


@dataclass
class Blow:
    """A round as it was, by the clock of the loop."""

    faults: tuple[Fault, ...]
    began: float
    ended: float = 0.0
    ready: float = 0.0  # all processes were, again

    @property
    def name(self) -> str:
        return " and ".join(fault.name for fault in self.faults)


@dataclass
class Sample:
    """What a process takes while nothing fails."""

    name: str
    pid: int
    memory: float  # MB
    files: int


@dataclass
class Story:
    blows: list[Blow] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)  # processes, by themselves
    calm: Calm = field(default_factory=Calm)
    began: float = 0.0
    over: float = 0.0


def draw(dice: random.Random, seconds: tuple[float, float]) -> Iterator[Round]:
    """Yield rounds for ever, in which each fault comes before one of them comes again."""
    pack: list[Fault] = []
    while True:
        pack = pack or dice.sample(FAULTS, len(FAULTS))
        faults = [pack.pop()]
        others = [fault for fault in pack if fault.part != faults[0].part]
        if others and dice.random() < BOTH:
            pack.remove(other := dice.choice(others))
            faults.append(other)
        yield Round(tuple(faults), dice.uniform(*seconds), dice.uniform(*seconds))


async def play(stack: Stack, load: Load, rounds: Iterable[Round], seconds: float) -> Story:
    """Play rounds under load, for so many seconds at most, then nothing; return what happened."""
    loop, story = asyncio.get_running_loop(), Story()
    async with loading(load):
        await load.ledger.keep(2 * load.ledger.clients)
        story.began = loop.time()
        story.samples += sample(stack)
        for round_ in rounds:
            await strike(stack, round_, story)
            story.samples += sample(stack)
            if loop.time() > story.began + seconds:
                break
        await asyncio.sleep(max(0.0, story.blows[-1].ready + AFTER - loop.time()))
        story.calm = await stay_calm(load, stack.engine)
    story.over = loop.time()
    return story


async def strike(stack: Stack, round_: Round, story: Story) -> None:
    loop = asyncio.get_running_loop()
    blow = Blow(round_.faults, loop.time())
    story.blows.append(blow)
    print(f"{blow.began - story.began:6.1f} s: {blow.name}", flush=True)
    for fault in round_.faults:
        await fault.begin(stack)
    await asyncio.sleep(round_.seconds)
    for fault in round_.faults:
        await fault.end(stack)
    blow.ended = loop.time()
    story.ended += await wait_until_ready(stack)
    blow.ready = loop.time()
    await asyncio.sleep(round_.rest)


async def wait_until_ready(stack: Stack) -> list[str]:
    """Wait for all processes; start those anew that have ended by themselves, and name them."""
    ended: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(are_ready, stack):
            ended += await asyncio.to_thread(revive, stack)
            await asyncio.sleep(0.05)
    return ended


def are_ready(stack: Stack) -> bool:
    workers = [find_address(path) for path in stack.workers.paths]
    webs = all(answers(path, "/readyz") for path in stack.webs.paths)
    return webs and all(answers(worker, "/metrics") for worker in workers)


def revive(stack: Stack) -> list[str]:
    """Start who has ended, as a supervisor does; return what each of them said last."""
    said = []
    for processes in (stack.webs, stack.workers):
        for path, program in processes.programs.items():
            if program.exit_code():
                said.append(f"{path.name}: {program.exit_code()}: {program.output()[-500:]}")
                processes.start(path)
    return said


def sample(stack: Stack) -> Sequence[Sample]:
    named = {**stack.webs.programs, **stack.workers.programs}
    return [measure(path.name, program) for path, program in named.items()]


def measure(name: str, program: Program) -> Sample:
    files = len(list(Path(f"/proc/{program.pid}/fd").iterdir()))
    return Sample(name, program.pid, read_own_memory(program.pid), files)
