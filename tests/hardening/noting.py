"""What a view asks its request for, noted by name: so that its parameters are found, not listed."""

from collections import defaultdict
from typing import Any

from quart import request
from werkzeug.datastructures import MultiDict

from quartapp.app import QuartApp
from quartapp.asgi.wrappers import Request

noted: dict[tuple[str, str], set[str]] = defaultdict(set)  # names, by endpoint and place


class Noting(MultiDict[str, Any]):
    """A form or query that notes which names it is asked for."""

    place = ""

    def note(self, name: str) -> str:
        noted[request.endpoint or "", self.place].add(name)
        return name

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return super().get(self.note(key), *args, **kwargs)

    def getlist(self, key: str, *args: Any, **kwargs: Any) -> list[Any]:
        return super().getlist(self.note(key), *args, **kwargs)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self.note(str(key)))


class NotingQuery(Noting):
    place = "query"


class NotingForm(Noting):
    place = "form"


class NotingFiles(Noting):
    place = "file"


class NotingRequest(Request):
    parameter_storage_class = NotingQuery

    @property
    async def form(self) -> Any:
        return NotingForm(await super().form)

    @property
    async def files(self) -> Any:
        return NotingFiles(await super().files)


def note_names(app: QuartApp) -> None:
    app.request_class = NotingRequest
