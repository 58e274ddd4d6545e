"""Nothing of one look gets into another, and nothing of ours into any."""

from pathlib import Path

import pytest

from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import look
from tests.monitoring.farm import Behaviour, Farm, make_answer, make_redirect, say

HELLO = say(make_answer(b"hello"))


async def test_cookies_are_not_kept(farm: Farm, client: Client) -> None:
    def set_cookie(answer: bytes) -> Behaviour:
        return say(answer.replace(b"\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n", 1))

    site = await farm.serve(set_cookie(make_answer()))
    url = await farm.serve(set_cookie(make_redirect(site)))

    for _ in range(2):
        seen = await look(client, url, timeout=5)

    assert seen.get_headers("set-cookie") == ["a=b; Path=/"]
    heads = b"".join(head for heads in farm.heads.values() for head in heads).lower()
    assert heads.count(b"get / http/1.1") == 4
    assert b"cookie" not in heads


async def test_environment_gives_no_proxy_and_no_password(
    farm: Farm,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    proxy, url = await farm.serve(HELLO), await farm.serve(HELLO)
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)

    await look(client, url, timeout=5)

    asked = {name: heads for name, heads in farm.heads.items() if heads}
    assert list(asked) == [url.split("/")[2].partition(":")[0]]
    assert b"authorization" not in b"".join(*asked.values()).lower()
