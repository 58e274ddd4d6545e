"""Whose fault it is when there is no answer."""

import errno
import os
import resource
import ssl

import pytest
from aiohttp import ClientOSError

from quartapp.models.look import Outcome, Reason
from quartapp.models.words import clean_line
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import look
from quartapp.monitoring.reasons import explain
from tests.monitoring.farm import Farm, make_answer, say


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNREFUSED, Reason.CONNECT),
        (errno.ECONNRESET, Reason.CONNECT),
        (errno.EHOSTUNREACH, Reason.CONNECT),
        (errno.ETIMEDOUT, Reason.TIMEOUT),
        (errno.ENETUNREACH, Reason.NETWORK),
        (errno.ENETDOWN, Reason.NETWORK),
        (errno.EPERM, Reason.NETWORK),
        (errno.EMFILE, Reason.RESOURCES),
        (errno.ENFILE, Reason.RESOURCES),
        (errno.ENOBUFS, Reason.RESOURCES),
        (errno.ENOMEM, Reason.RESOURCES),
        (errno.EADDRNOTAVAIL, Reason.RESOURCES),
    ],
)
@pytest.mark.parametrize("kind", [OSError, ClientOSError])
def test_each_failure_of_a_socket_has_its_reason(
    kind: type[OSError], number: int, reason: Reason
) -> None:
    assert explain(kind(number, os.strerror(number)))[0] is reason


def test_failure_of_tls_is_none_of_a_socket() -> None:
    error = ClientOSError(1, "[SSL] record layer failure")  # 1 is also EPERM
    error.__cause__ = ssl.SSLError(1, "[SSL] record layer failure")

    assert explain(error)[0] is Reason.TLS


def test_memory_is_ours() -> None:
    assert explain(MemoryError())[0] is Reason.RESOURCES


def test_what_nobody_thought_of_is_ours() -> None:
    assert explain(ZeroDivisionError()) == (
        Reason.INTERNAL,
        "An error of ours: ZeroDivisionError.",
    )


async def test_exhausted_files_are_no_fault_of_the_site(farm: Farm, client: Client) -> None:
    url = await farm.serve(say(make_answer(b"hello")))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)

    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        seen = await look(client, url, timeout=5)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (seen.outcome, seen.reason) == (Outcome.ERROR, Reason.RESOURCES)
    assert (await look(client, url, timeout=5)).status == 200


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\r\nb\tc\0d", "a b c d"),
        ("\x1b[31mred\u202e", "[31mred"),
        ("x" * 201, "x" * 199 + "…"),
        ("ü 测试", "ü 测试"),
    ],
)
def test_line_is_one_line(given: str, shown: str) -> None:
    assert clean_line(given) == shown
