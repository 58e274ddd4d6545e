"""How answers become JSON: by orjson, which is ten times as fast as the standard library."""

from typing import Any

import orjson
from quart import Response
from quart.json.provider import DefaultJSONProvider

# Times as pydantic writes them, with a Z.
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class JSONProvider(DefaultJSONProvider):
    """Quart's, by orjson; what has options of its own (`indent`) is Quart's still."""

    sort_keys = False  # fields stay in the order of their schema

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        if kwargs:
            return super().dumps(obj, **kwargs)
        return self.encode(obj).decode()

    def encode(self, value: Any) -> bytes:
        return orjson.dumps(value, default=self.default, option=OPTIONS)


def make_json(value: Any) -> Response:
    """Return an answer of plain values and times, as it is: nothing checks or converts it again."""
    return Response(orjson.dumps(value, option=OPTIONS), content_type="application/json")
