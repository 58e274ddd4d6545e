"""What may fail: how it begins and ends, and what docs/operations.md promises meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.chaos.names import Mood
from tests.chaos.proxy import Proxy
from tests.chaos.stack import Stack
from tests.outage import REDIS_WAYS, Mortal, freeze, tell, thaw
from tests.pair import Pair

Act = Callable[[Stack], Awaitable[None]]

# Nobody sees an error; who writes may meet one; everybody may. nginx says 503 for a process that
# is gone, after it has asked the other one where that is safe: a GET, not a POST.
NOBODY: frozenset[str] = frozenset()
WRITERS = frozenset({"POST"})
EVERYBODY = frozenset({"GET", "POST"})
CUT = 5.0  # s; nginx keeps those of before a reload for 60 s more


@dataclass(frozen=True)
class Fault:
    name: str
    part: str  # two faults at once are of different parts
    begin: Act
    end: Act
    refused: frozenset[str] = NOBODY  # methods that may be answered by 503
    held: float = 5.0  # s that a request may take
    cuts: float = 0.0  # s from its end in which web sockets may be closed; 0: they may not
    doubles: bool = False  # mail that is under way may be sent again


def in_thread(work: Callable[[Stack], None]) -> Act:
    async def act(stack: Stack) -> None:
        await asyncio.to_thread(work, stack)

    return act


def at_once(work: Callable[[Stack], None]) -> Act:
    async def act(stack: Stack) -> None:
        work(stack)

    return act


# --- servers


def on(server: str, work: Callable[[Mortal], None]) -> Act:
    return in_thread(lambda stack: work(getattr(stack, server)))


def in_database(statement: str) -> Act:
    """Have PostgreSQL do it for all connections but the one that asks."""

    async def act(stack: Stack) -> None:
        async with stack.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
                text(statement)
            )
        await stack.engine.dispose()

    return act


async def do_nothing(stack: Stack) -> None:
    """Leave it: the fault is over as soon as it has begun."""


END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
database = partial(Fault, part="postgres", refused=EVERYBODY, doubles=True)
SERVERS = [
    *(
        database(f"postgres is {name}", begin=on("postgres", leave), end=on("postgres", come))
        for name, leave, come in (
            ("killed", Mortal.kill, Mortal.bring_back),
            ("stopped", Mortal.stop, Mortal.bring_back),
            ("frozen", Mortal.freeze, Mortal.bring_back),
        )
    ),
    database("postgres ends all connections", begin=in_database(END_OTHERS), end=do_nothing),
    *(
        Fault(f"redis is {name}", "redis", on("valkey", leave), on("valkey", come))
        for name, (leave, come) in REDIS_WAYS.items()
    ),
    Fault("redis is flushed", "redis", on("valkey", tell("FLUSHALL")), do_nothing),
]


# --- links

Spoil = Callable[[Proxy], None]
WAYS: dict[str, Spoil] = {
    "swallows all": Proxy.dig_hole,
    "is reset": Proxy.reset,
    "is half closed": Proxy.half_close,
    "is late": partial(Proxy.slow_down, latency=0.02),
    "is narrow": partial(Proxy.slow_down, rate=100_000),
}
SLOW = {"is late", "is narrow"}  # and loses nothing


def on_link(name: str, spoil: Spoil) -> Act:
    return at_once(lambda stack: spoil(stack.links[name]))


def spoil_link(part: str, way: str, **promise: Any) -> Fault:
    lossless = {"refused": NOBODY} if way in SLOW else {}
    name, acts = f"the link to {part} {way}", (on_link(part, WAYS[way]), on_link(part, Proxy.mend))
    return Fault(name, part, *acts, **{**promise, **lossless})


def cut_off(proxy: Proxy) -> None:
    proxy.reset()
    proxy.mend()


LINKS = [
    *(spoil_link("postgres", way, refused=EVERYBODY, doubles=True) for way in WAYS),
    database(
        "the link to postgres loses the answers to commits",
        begin=on_link("postgres", partial(Proxy.lose_answers, fatal=b"COMMIT")),
        end=on_link("postgres", Proxy.mend),
    ),
    database(
        "the link to postgres is late, then reset",
        begin=on_link("postgres", partial(Proxy.slow_down, latency=0.1)),
        end=on_link("postgres", cut_off),
    ),
    *(spoil_link("redis", way) for way in WAYS),
    *(spoil_link("smtp", way, doubles=way not in SLOW) for way in WAYS),
]


# --- processes


def on_process(kind: str, number: int, work: Callable[[Pair, Path], None]) -> Act:
    def act(stack: Stack) -> None:
        processes: Pair = getattr(stack, kind)
        work(processes, processes.paths[number])

    return in_thread(act)


def freeze_process(processes: Pair, path: Path) -> None:
    freeze(processes.programs[path].pid)


def thaw_process(processes: Pair, path: Path) -> None:
    thaw([processes.programs[path].pid])


def list_process_faults(kind: str, number: int) -> list[Fault]:
    """Return what may happen to one; only a process that serves is missed by clients."""
    act = partial(on_process, kind, number)
    name = f"{kind.removesuffix('s')} {number + 1}"
    is_web = kind == "webs"
    part = kind if is_web else name  # one process that serves is there
    return [
        Fault(
            f"{name} is killed",
            part,
            *(act(Pair.kill), act(Pair.start)),
            refused=WRITERS if is_web else NOBODY,
            cuts=CUT if is_web else 0.0,
            doubles=True,
        ),
        Fault(
            f"{name} is stopped", part, act(Pair.stop), act(Pair.start), cuts=CUT if is_web else 0.0
        ),
        Fault(
            f"{name} is frozen",
            part,
            *(act(freeze_process), act(thaw_process)),
            # What it holds of the database, others wait for.
            refused=EVERYBODY if is_web else NOBODY,
            held=35.0 if is_web else 5.0,
            doubles=True,
        ),
    ]


PROCESSES = [
    *(
        fault
        for kind in ("webs", "workers")
        for number in (0, 1)
        for fault in list_process_faults(kind, number)
    ),
    Fault("nginx reloads", "nginx", in_thread(Stack.reload_nginx), do_nothing, cuts=60.0 + CUT),
]


# --- the world


def on_sink(reply: str) -> Act:
    return at_once(lambda stack: stack.sink.replies.update({"DATA": reply}))


def say_to_names(mood: Mood) -> Act:
    return at_once(lambda stack: setattr(stack.world.names, "mood", mood))


mend_sink = at_once(lambda stack: stack.sink.replies.clear())
turn_well = at_once(lambda stack: stack.world.turn_well())
WORLD = [
    Fault("mail is put off", "smtp", on_sink("451 Later, please"), mend_sink),
    Fault("the mail server goes away", "smtp", on_sink("421 Bye"), mend_sink),
    Fault("mail is refused", "smtp", on_sink("554 Never"), mend_sink),
    *(
        Fault(f"names are {mood.value}", "names", say_to_names(mood), say_to_names(Mood.WELL))
        for mood in (Mood.SILENT, Mood.FAILING)
    ),
    Fault("sites hang", "sites", at_once(lambda stack: stack.world.turn_mute()), turn_well),
    Fault("sites end by reset", "sites", at_once(lambda stack: stack.world.turn_rude()), turn_well),
    Fault("sites are broken", "sites", at_once(lambda stack: stack.world.turn_broken()), turn_well),
]

FAULTS = [*SERVERS, *LINKS, *PROCESSES, *WORLD]
