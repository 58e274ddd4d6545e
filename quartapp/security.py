"""Passwords and tokens: made, hashed, compared."""

import asyncio
import hashlib
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_BYTES = 32  # 256 bits
MIN_PASSWORD, MAX_PASSWORD = 15, 128  # characters; NIST SP 800-63B-4 §3.1.1.2, without a 2nd factor

hasher = PasswordHasher()
# A hash takes 64 MiB and a core for a third of a second: two at once are enough for a process.
hashing = asyncio.Semaphore(2)


def make_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what is kept of a token; it is random, so a fast hash is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


async def hash_password(password: str) -> str:
    async with hashing:
        return await asyncio.to_thread(hasher.hash, normalize_password(password))


async def check_password(password: str, password_hash: str | None) -> bool:
    """Compare in a thread; without a hash (a stranger) the answer is no, in equal time."""
    async with hashing:
        unknown_hash = await asyncio.to_thread(make_unknown_hash)
        digest = password_hash or unknown_hash
        known = await asyncio.to_thread(matches, normalize_password(password), digest)
    return known and password_hash is not None


@cache
def make_unknown_hash() -> str:
    """Return what is compared when a user does not exist, so that the answer takes equal time."""
    return hasher.hash(secrets.token_hex())


def matches(password: str, password_hash: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def normalize_password(password: str) -> str:
    """Let the same characters be the same bytes, whatever keyboard they came from."""
    return unicodedata.normalize("NFKC", password)
