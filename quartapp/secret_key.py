"""The key that signs cookies and cursors: is it safe, and where development keeps its own."""

import errno
import os
import secrets
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

KEY_BYTES = 32  # NIST SP 800-107: as long as the SHA-256 that it feeds
STEPS = 10  # a random key of 32 hexadecimal digits has 12 or more
SAMPLE_WORDS = ("secret", "change", "default", "example", "guess", "insecure", "password")
REMEDY = 'make one with: python3 -c "import secrets; print(secrets.token_hex())"'


def find_key_fault(key: str) -> str:
    """Say why *key* must not sign anything; an empty answer means that it may."""
    if not key:
        return f"missing; {REMEDY}"
    if len(key.encode()) < KEY_BYTES:
        return f"shorter than {KEY_BYTES} bytes; {REMEDY}"
    # Steps from one character to the next tell "0123…", "abcabc…" and "aaaa…" from chance.
    steps = {ord(after) - ord(before) for before, after in pairwise(key)}
    if len(steps) < STEPS or any(word in key.lower() for word in SAMPLE_WORDS):
        return f"easy to guess; {REMEDY}"
    return ""


def read_development_key(folder: Path) -> str:
    """Return the key kept in *folder*, readable by its owner alone; made on first use."""
    path = folder / "secret_key"
    if not path.exists():
        make_development_key(path)
    key = path.read_text("ascii", "ignore")
    if not key.strip():  # a machine that lost its power may leave an empty file
        raise OSError(errno.EINVAL, "it holds no key: remove it", str(path))
    return key


def make_development_key(path: Path) -> None:
    """Keep a new key in *path*; of many at once, one wins, and nobody sees it half written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent) as file:  # of mode 0600
        file.write(secrets.token_hex())
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
