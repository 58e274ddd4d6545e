"""What a webhook gets can be verified as the papers say."""

import time
from typing import Any

from quartapp.telling.payload import sign
from tests.papers import find_blocks, read_paper


def test_signature_is_verified_as_shown() -> None:
    (shown,) = find_blocks(read_paper("docs/api.md"), "python")
    names: dict[str, Any] = {}
    exec(shown, names)
    now, body = str(int(time.time())), b'{"a": 1}'

    def send(secret: str = "qs_a", at: str = now, body: bytes = body) -> bool:
        headers = {
            "X-Quartapp-Timestamp": at,
            "X-Quartapp-Signature": sign("qs_a", at, b'{"a": 1}'),
        }
        return bool(names["is_genuine"](secret, headers, body))

    wrong = send(secret="qs_b"), send(at=str(int(now) - 301)), send(body=b"{}")
    assert (send(), *wrong) == (True, False, False, False)
