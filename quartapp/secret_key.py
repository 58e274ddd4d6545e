"""The key that signs cookies and cursors: is it safe, and where development keeps its own."""

import os
import secrets
from pathlib import Path

KEY_BYTES = 32  # NIST SP 800-107: as long as the SHA-256 that it feeds
SAMPLE_KEYS = ("secret", "change", "password", "example", "default", "you-will-never-guess", "dev")


def find_key_fault(key: str) -> str:
    """Say why *key* must not sign anything; an empty answer means that it may."""
    remedy = 'make one with: python3 -c "import secrets; print(secrets.token_hex())"'
    if not key:
        return f"missing; {remedy}"
    if len(key.encode()) < KEY_BYTES:
        return f"shorter than {KEY_BYTES} bytes; {remedy}"
    if len(set(key)) < 10 or key.lower().startswith(SAMPLE_KEYS):
        return f"can be guessed; {remedy}"
    return ""


def read_development_key(folder: Path) -> str:
    """Return the key kept in *folder*, readable by its owner alone; made on first use."""
    path = folder / "secret_key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex())
    return path.read_text()
