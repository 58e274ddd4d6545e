"""What a look at a page says: its text by a lens, or why there is none. Safe in a thread."""

import codecs
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from quartapp.models.lens import Lens, compile_pattern
from quartapp.models.look import Look
from quartapp.models.page_text import MissingSelectorError, read_html

TEXT_LENGTH = 256_000  # bytes
CUT = "[cut here]"
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.ASCII | re.IGNORECASE)
META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
META_WITHIN = 1024  # bytes
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (b"\xfe\xff", "utf-16"))
# Browsers read these as the larger set; bytes that are no text (base64, zlib) are no charset.
WIDER = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}
# Codecs that no browser knows: some take the square of a page's length.
ODD = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf_7", "utf_32"}
ODD |= {"utf_32_be", "utf_32_le"}
HTML = {"text/html", "application/xhtml+xml", ""}


class MissingKind(StrEnum):
    """States, never changes."""

    EMPTY = "empty"  # an answer without any text
    SELECTOR = "selector"  # nothing is what a selector asks for
    NOT_A_PAGE = "not-a-page"  # no answer, or not a good one


@dataclass(frozen=True, slots=True)
class Missing:
    kind: MissingKind
    detail: str = ""  # the selector, the status or the reason


@dataclass(frozen=True, slots=True)
class PageText:
    text: str
    checksum: str  # SHA-256 in hexadecimal digits: of the whole text, even where that is cut
    media_type: str
    is_cut: bool = False


def extract_text(look: Look, lens: Lens) -> PageText | Missing:
    """Subtract, include, read, ignore, sort: in this order, whoever set up the lens."""
    if look.reason or look.status is None or not 200 <= look.status < 300:
        return Missing(MissingKind.NOT_A_PAGE, str(look.reason or look.status))
    media_type = look.get_header("content-type").partition(";")[0].strip().lower()
    if not is_textual(media_type):
        return read_bytes(look, media_type)
    try:
        lines, is_cut = read_lines(look, media_type, lens)
    except MissingSelectorError as error:
        return Missing(MissingKind.SELECTOR, str(error))
    kept = choose_lines(lines, lens)
    if not kept:
        return Missing(MissingKind.EMPTY)
    return keep("\n".join(kept), media_type, look.is_cut or is_cut)


def is_textual(media_type: str) -> bool:
    return media_type in HTML or media_type.startswith("text/") or is_json(media_type)


def is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def read_bytes(look: Look, media_type: str) -> PageText | Missing:
    if not look.body:
        return Missing(MissingKind.EMPTY)
    return PageText("", hashlib.sha256(look.body).hexdigest(), media_type, look.is_cut)


def read_lines(look: Look, media_type: str, lens: Lens) -> tuple[list[str], bool]:
    body = decode_body(look)
    if media_type in HTML:
        return read_html(body, look.final_url or look.url, lens)
    if is_json(media_type):
        body = sort_json(body)
    return [line for part in body.splitlines() if (line := part.strip())], False


def sort_json(body: str) -> str:
    """Return one value a line, sorted by key; as it is when it is no JSON."""
    try:
        return json.dumps(json.loads(body), indent=1, sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def choose_lines(lines: Sequence[str], lens: Lens) -> list[str]:
    patterns = [compile_pattern(pattern) for pattern in lens.ignore]
    kept = [line for line in lines if not any(pattern.search(line) for pattern in patterns)]
    if lens.unique_lines:
        kept = list(dict.fromkeys(kept))
    return sorted(kept) if lens.sort_lines else kept


def keep(text: str, media_type: str, is_cut: bool) -> PageText:
    data = text.encode(errors="replace")
    checksum = hashlib.sha256(data).hexdigest()
    if len(data) > TEXT_LENGTH:
        room = TEXT_LENGTH - len(CUT) - 1
        return PageText(f"{data[:room].decode(errors='ignore')}\n{CUT}", checksum, media_type, True)
    return PageText(data.decode(), checksum, media_type, is_cut)


def decode_body(look: Look) -> str:
    """Return the body as text, whatever it is: a mark in it, then the header, then a meta tag."""
    for mark, charset in BOMS:
        if look.body.startswith(mark):
            return look.body.decode(charset, errors="replace")
    said = CHARSET.search(look.get_header("content-type"))
    meta = META.search(look.body[:META_WITHIN])
    named = [said[1] if said else "", meta[1].decode("ascii", "ignore") if meta else ""]
    return decode_as(
        look.body, next((found for found in map(find_charset, named) if found), "utf-8")
    )


def decode_as(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return body.decode(errors="replace")


def find_charset(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        b"".decode(found)
    except (LookupError, ValueError):
        return ""
    return "" if found.replace("-", "_") in ODD else WIDER.get(found, found)
