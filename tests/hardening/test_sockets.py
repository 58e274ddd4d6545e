"""Web sockets whose peers break the protocol: what is right is heard, what is wrong is the end."""

import asyncio
import struct
from collections.abc import Callable

import pytest

from tests.hardening.frames import CLOSE, shaking_hands, write_close
from tests.hardening.socket_cases import CASES, GOODBYE, Case
from tests.hardening.standing import Stand
from tests.outside import Address

pytestmark = pytest.mark.sockets
AT_ONCE = 10


@pytest.mark.parametrize("way", ["direct", "nginx"])
async def test_protocol_is_kept(
    stand: Stand, way: str, record_property: Callable[[str, object], None]
) -> None:
    address = stand.direct if way == "direct" else stand.proxied
    room = asyncio.Semaphore(AT_ONCE)
    faults = await asyncio.gather(*(find_fault(room, address, case) for case in CASES))

    assert [fault for fault in faults if fault] == []
    assert "Traceback" not in stand.program.output()
    record_property(f"sockets: cases of the protocol on {stand.name}, {way}", len(CASES))


async def find_fault(room: asyncio.Semaphore, address: Address, case: Case) -> str:
    async with room, shaking_hands(address) as peer:
        for part in [bytes([byte]) for byte in case.data] if case.is_dripped else [case.data]:
            peer.writer.write(part)
            await asyncio.sleep(0)
        frames = await peer.read_frames(len(case.heard))
        if case.ends == GOODBYE and frames == list(case.heard):
            peer.writer.write(write_close())  # not before: it would cut short what is on its way
        frames += await peer.read_frames()
        last = frames.pop() if frames and frames[-1][0] == CLOSE else None
        code = read_code(last[1]) if last else None
        if tuple(frames) != case.heard and (
            case.is_whole or tuple(frames) != case.heard[: len(frames)]
        ):
            return f"{case.name}: heard {str(frames)[:100]}, then {code}"
        return "" if code in case.ends else f"{case.name}: ended by {code}"


def read_code(data: bytes) -> int:
    return int(struct.unpack("!H", data[:2])[0]) if data else 1005
