"""Passwords and tokens: made, hashed, compared."""

import asyncio
import hashlib
import secrets
import unicodedata
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_BYTES = 32  # 256 bits
TOKEN_PREFIX = "qa_"  # noqa: S105 (names a token wherever one leaks)
CHECK_LENGTH = 8  # hexadecimal digits of CRC-32
MIN_PASSWORD, MAX_PASSWORD = 15, 128  # characters; NIST SP 800-63B-4 §3.1.1.2
MIN_SECOND_PASSWORD = 8  # the same, beside a second factor

hasher = PasswordHasher()
# A hash takes 64 MiB and a core for a third of a second: two at once are enough for a process.
threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")


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


def make_checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):0{CHECK_LENGTH}x}"


def hash_token(token: str) -> str:
    """Return what is kept of a token; it is random, so a fast hash is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


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
