import asyncio
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher

from quartapp import security
from quartapp.security import check_password, hash_password, hash_token, make_token

SLOW = PasswordHasher(time_cost=8, memory_cost=16 * 1024, parallelism=1)


async def test_password_is_known_again() -> None:
    digest = await hash_password("correct horse battery")
    assert await check_password("correct horse battery", digest)
    assert not await check_password("Correct horse battery", digest)


async def test_password_is_the_same_from_every_keyboard() -> None:
    digest = await hash_password("pa\u0301ssword \ufb01nd")
    assert await check_password("p\u00e1ssword find", digest)


@pytest.mark.parametrize("digest", [None, "", "x", "$argon2id$v=19$broken"])
async def test_without_a_hash_no_password_is_right(digest: str | None) -> None:
    assert not await check_password("", digest)


async def test_hashing_leaves_the_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "hasher", SLOW)
    hashes = [asyncio.create_task(hash_password("x")) for _ in range(4)]
    turns = 0
    while not all(task.done() for task in hashes):
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


@pytest.mark.parametrize(("platform", "ranks"), [("linux", [10]), ("darwin", [])])
def test_hashes_let_requests_go_first_where_a_thread_has_a_rank(
    monkeypatch: pytest.MonkeyPatch, platform: str, ranks: list[int]
) -> None:
    given: list[int] = []
    monkeypatch.setattr(security.sys, "platform", platform)
    monkeypatch.setattr(security.os, "setpriority", lambda *args: given.append(args[2]))

    security.yield_to_others()

    assert given == ranks


class CountingHasher(PasswordHasher):
    compared = 0

    def verify(self, *args: Any) -> Literal[True]:
        self.compared += 1
        return super().verify(*args)


async def test_a_stranger_costs_one_comparison_as_a_wrong_password_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(security, "hasher", hasher)
    for digest in (None, hasher.hash("right")):
        before = hasher.compared
        assert not await check_password("wrong", digest)
        assert hasher.compared == before + 1


def test_tokens_are_random_and_kept_as_a_hash() -> None:
    tokens = {make_token() for _ in range(100)}
    assert {len(token) for token in tokens} == {43}
    assert len(tokens) == 100
    assert {len(hash_token(token)) for token in tokens} == {64}
