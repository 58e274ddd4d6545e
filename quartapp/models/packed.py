"""Large values as the database keeps them: JSON, compressed. Safe in a thread."""

import json
import zlib
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.mysql import MEDIUMBLOB

# MariaDB's BLOB ends at 64 kB.
Packed = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
LEVEL = 3  # of 9: much of the gain for little of the time


def pack(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), LEVEL)


def unpack(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))
