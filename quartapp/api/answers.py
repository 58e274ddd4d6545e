"""From what a view returns to an answer, in one step."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel
from quart import Response

Make = Callable[[Any], Awaitable[Any]]


def write_out(out: BaseModel, status: int = 200) -> Response:
    """Return an answer of what is valid already."""
    body = out.model_dump_json(by_alias=True)
    return Response(body, status=status, content_type="application/json")


def make_maker(plain: Make, converting: Make) -> Make:
    """Return what makes answers: Quart-Schema's *converting* one takes schemas to pieces first.

    Models are written by pydantic alone, and what is an answer already is left to Quart's *plain*.
    """

    async def make_response(result: Any) -> Any:
        if isinstance(result, Response | str):
            return await plain(result)
        value, *rest = result if isinstance(result, tuple) else (result,)
        if not isinstance(value, BaseModel) or (rest and not isinstance(rest[0], int)):
            return await converting(result)
        response = write_out(value, *rest[:1])
        for headers in rest[1:]:
            response.headers.update(headers)
        return await plain(response)

    return make_response
