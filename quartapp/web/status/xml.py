"""Answers in XML, of texts that people wrote."""

import re
from typing import Any

from quart import Response, render_template

# https://www.w3.org/TR/xml/#charsets: names may hold others, which no parser takes.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def render_xml(template: str, mimetype: str, **values: Any) -> Response:
    text = FORBIDDEN.sub("\ufffd", await render_template(template, **values))
    return Response(text, content_type=f"{mimetype}; charset=utf-8")
