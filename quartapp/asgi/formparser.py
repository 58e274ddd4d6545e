"""Forms: what cannot be read or kept is refused, where Quart goes on with an empty form."""

from contextlib import ExitStack
from typing import IO, Any
from urllib.parse import parse_qsl

from quart.formparser import FormDataParser, ParserFunc
from quart.wrappers.request import Body
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import default_stream_factory

from quartapp.asgi.sanity import is_storable
from quartapp.errors import BadRequestError, TooLargeError
from quartapp.texts import Text

Form = MultiDict[str, Any]
MULTIPART = "multipart/form-data"


async def parse_urlencoded(
    parser: FormDataParser,
    body: Body,
    mimetype: str,
    content_length: int | None,
    options: dict[str, str],
) -> tuple[Form, Form]:
    data = await body
    if parser.max_form_memory_size is not None and len(data) > parser.max_form_memory_size:
        raise TooLargeError(
            Text(
                "A form may be %(max_form_memory_size)s bytes long at most.",
                max_form_memory_size=parser.max_form_memory_size,
            )
        )
    fields = parse_qsl(
        data.decode(),
        keep_blank_values=True,
        errors="strict",
        max_num_fields=parser.max_form_parts,
    )
    return MultiDict(fields), MultiDict()


async def parse_multipart(parser: FormDataParser, *args: Any) -> tuple[Form, Form]:
    form, files = await FormDataParser.parse_functions[MULTIPART](parser, *args)
    for name, value in (*form.items(multi=True), *files.items(multi=True)):
        # Quart puts U+FFFD where a part is not UTF-8, and takes a part without a name.
        if name is None or (isinstance(value, str) and "\ufffd" in value):
            raise ValueError
    return form, files


class FormParser(FormDataParser):
    parse_functions: dict[str, ParserFunc] = FormDataParser.parse_functions | {
        MULTIPART: parse_multipart,
        "application/x-www-form-urlencoded": parse_urlencoded,
        "application/x-url-encoded": parse_urlencoded,
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"silent": False, "stream_factory": self.open_file})
        self._opened = ExitStack()

    def open_file(self, *args: Any) -> IO[bytes]:
        return self._opened.enter_context(default_stream_factory(*args))

    async def parse(self, *args: Any, **kwargs: Any) -> tuple[Form, Form]:
        with self._opened:
            try:
                form, files = await super().parse(*args, **kwargs)
            except ValueError:
                raise BadRequestError(Text("The form cannot be read.")) from None
            check_text(form, files)
            self._opened.pop_all()  # from here on they are the request's to close
        return form, files


def check_text(form: Form, files: Form) -> None:
    names = [(name, file.filename or "") for name, file in files.items(multi=True)]
    for name, value in (*form.items(multi=True), *names):
        if not is_storable(name + value):
            raise BadRequestError(Text("The form has text that cannot be kept."))
