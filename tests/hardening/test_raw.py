"""Messages as bytes: whoever sends what, each gets their own answers, and none of ours is a 5xx."""

import asyncio
from collections.abc import Callable

import pytest

from tests.hardening.corpus import CORPUS, Message
from tests.hardening.standing import Stand
from tests.hardening.talk import ALIVE, Answer, ask_alive, find_faults, hear, open_connection, talk
from tests.outside import Address

pytestmark = pytest.mark.raw
AT_ONCE = 20
Record = Callable[[str, object], None]

# What a server says of HTTP itself before the application has heard of the request.
ALLOWED = {
    "hypercorn": frozenset({501}),  # h11: a transfer coding that it does not know (RFC 9112, 6.1)
    "granian": frozenset[int](),
    "nginx": frozenset({501, 505}),  # the same; a major version that is not 1 (RFC 9110, 15.6.6)
}


@pytest.mark.parametrize("way", ["direct", "nginx"])
@pytest.mark.parametrize("family", CORPUS)
async def test_each_gets_their_own_answer_and_none_is_a_5xx(
    stand: Stand, family: str, way: str, record_property: Record
) -> None:
    address = stand.direct if way == "direct" else stand.proxied
    allowed = ALLOWED[stand.name if way == "direct" else way]
    room = asyncio.Semaphore(AT_ONCE)
    innocent = Innocent(address)
    watching = asyncio.create_task(innocent.ask())
    faults = await asyncio.gather(
        *(
            send_one(room, address, message, f"{family}-{number:04}", allowed)
            for number, message in enumerate(CORPUS[family])
        )
    )
    innocent.is_over = True
    await watching

    assert [fault for found in faults for fault in found] == []
    assert innocent.asked > 0
    assert stand.program.output().partition("Traceback")[2][:2000] == ""  # told in full
    record_property(f"raw: messages ({family}) to {stand.name}, {way}", len(faults))


async def send_one(
    room: asyncio.Semaphore, address: Address, message: Message, name: str, allowed: frozenset[int]
) -> list[str]:
    """Send a message; then a stranger asks, on the connection to the process that it had."""
    async with room:
        heard = await talk(address, message, name)
        found = list(find_faults(message, heard, name, allowed))
        if await ask_anew(address, f"{name}-anew") != [Answer(200, f"{name}-anew", ALIVE)]:
            found.append("a stranger got no answer, or another one")
        return [f"{message.name}: {fault}" for fault in found]


async def ask_anew(address: Address, name: str) -> list[Answer]:
    reader, writer = await open_connection(address)
    writer.write(ask_alive(name))
    heard = await hear(reader, 30, name)
    writer.close()
    return heard.answers


class Innocent:
    """Somebody who asks on and on, on connections that are kept."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.asked = 0
        self.is_over = False

    async def ask(self) -> None:
        while not self.is_over:
            reader, writer = await open_connection(self.address)
            for number in range(50):
                name = f"innocent-{self.asked}"
                writer.write(ask_alive(name, last=number == 49))
                assert (await hear(reader, 30, name)).answers == [Answer(200, name, ALIVE)]
                self.asked += 1
                await asyncio.sleep(0.005)
            writer.close()
