"""Passwords and tokens: made, hashed, compared."""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import sys
import threading
import unicodedata
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, MultiFernet

TOKEN_BYTES = 32  # 256 bits
TOKEN_PREFIX = "qa_"  # noqa: S105 (names a token wherever one leaks)
CHECK_LENGTH = 8  # hexadecimal digits of CRC-32
API_TOKEN = re.compile(rf"{TOKEN_PREFIX}[\w-]{{43}}[0-9a-f]{{{CHECK_LENGTH}}}", re.ASCII)
MIN_PASSWORD, MAX_PASSWORD = 15, 128  # characters; NIST SP 800-63B-4 §3.1.1.2
MIN_SECOND_PASSWORD = 8  # the same, beside a second factor
# How itsdangerous signs; by itself it takes SHA-1.
SIGNING: dict[str, Any] = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}

# 19 MiB and some 50 ms of one core: the first choice of OWASP's Password Storage Cheat Sheet.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def yield_to_others() -> None:
    """Let requests go first where hashes wait for the same cores; Linux has a rank per thread."""
    if sys.platform != "linux":
        return
    with suppress(PermissionError):  # a sandbox may forbid it, and nobody could sign in
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


# Half of the cores at most, so that a flood of logins leaves the rest to everybody else.
threads = ThreadPoolExecutor(
    max_workers=max(1, (os.cpu_count() or 1) // 2),
    thread_name_prefix="password",
    initializer=yield_to_others,
)


def make_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def make_api_token() -> str:
    """Return `qa_`, 256 random bits, and a checksum by which a scanner of leaks knows it."""
    body = TOKEN_PREFIX + make_token()
    return body + make_checksum(body)


def is_api_token(text: str) -> bool:
    """Tell whether *text* is spelt as a token is; whether it holds, the database knows."""
    body, check = text[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
    return body.startswith(TOKEN_PREFIX) and check == make_checksum(body)


def has_api_token(text: str) -> bool:
    """Tell whether something that is spelt as a token stands anywhere in *text*."""
    return API_TOKEN.search(text) is not None


def make_checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):0{CHECK_LENGTH}x}"


def hash_token(token: str) -> str:
    """Return what is kept of a token; it is random, so a fast hash is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_box(keys: Sequence[str]) -> MultiFernet:
    """Return what seals secrets that must be read again: the first key does, every one opens."""
    return MultiFernet([Fernet(derive_key(key)) for key in keys])


def derive_key(key: str) -> bytes:
    """Return a key of its own for sealing: the one that it comes of signs, too."""
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), b"quartapp seal", "sha256"))


async def hash_password(password: str) -> str:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads, hasher.hash, normalize_password(password))


async def check_password(password: str, password_hash: str | None) -> bool:
    """Compare in a thread; without a hash (a stranger) the answer is no, in equal time."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads, matches, normalize_password(password), password_hash)


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


@cache
def make_unknown_hash() -> str:
    """Return what is compared when a user does not exist, so that the answer takes equal time."""
    return hasher.hash(secrets.token_hex())


def matches(password: str, password_hash: str | None) -> bool:
    try:
        hasher.verify(password_hash or make_unknown_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def normalize_password(password: str) -> str:
    """Let the same characters be the same bytes, whatever keyboard they came from."""
    return unicodedata.normalize("NFKC", password)
