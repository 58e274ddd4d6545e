"""Files of sites: CSV with the columns of exports, JSON lines, or a list in JSON."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from quartapp.errors import MAX_TOLD, FieldError, InvalidError
from quartapp.models.cell import unquote_cell
from quartapp.texts import Text

T = TypeVar("T")

MAX_ROWS = 5_000
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
YAML_ENDINGS = (".yaml", ".yml")
ENDINGS = (".csv", *JSON_ENDINGS, ".txt", *YAML_ENDINGS)
NEEDED = ("name", "url")
COLUMNS = (*NEEDED, "content", "is_public")
# What else exports tell of a site: a new one gets its own.
PASSED_OVER = {"id", "slug", "owner", "owner.id", "owner.name", "created_at", "updated_at"}
GAP = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in a line about a site, or why that cannot be read."""

    line: int
    values: dict[str, Any]
    fault: str = ""
    left_out: tuple[str, ...] = ()  # of another program's site: what has no counterpart here


def decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError(Text("The file is not text in UTF-8.")) from error


def refuse_false_ending(name: str, text: str, *, is_yaml: bool) -> None:
    """Refuse a file whose text begins as another than the ending of its name says."""
    is_json = text.lstrip()[:1] in ("[", "{")
    false = ".csv" if is_json else JSON_ENDINGS
    if name.lower().endswith(false) or (name.lower().endswith(YAML_ENDINGS) and not is_yaml):
        said = Text("The file is not what its name says: rename it, or choose another format.")
        raise InvalidError(said)


def make_fault(line: int, column: str, fault: str) -> FieldError:
    if column:
        said = Text("Line %(line)s, %(column)s: %(fault)s", line=line, column=column, fault=fault)
    else:
        said = Text("Line %(line)s: %(fault)s", line=line, fault=fault)
    return FieldError((line, column) if column else (line,), said, "value_error")


def make_refusal(faults: Iterable[FieldError]) -> InvalidError:
    """Return the refusal of a file, each fault of which names its line."""
    found = tuple(faults)
    few = len(found) == 1
    text = found[0].msg if few else Text("%(count)s values are wrong.", count=len(found))
    return InvalidError(text, found)


def read_rows(text: str) -> list[Row]:
    """Return what a file says; how it begins tells what it is."""
    text = text.removeprefix("\ufeff")
    read = {"[": read_list, "{": read_lines}.get(text.lstrip()[:1], read_csv)
    return check_length(list(islice(read(text), MAX_ROWS + 1)))


def check_length(rows: list[T]) -> list[T]:
    """Return rows, or whatever they are made of, if there are some and not too many."""
    if not rows:
        raise InvalidError(Text("There is no site in it."))
    if len(rows) > MAX_ROWS:
        raise InvalidError(Text("A file may have %(most)s sites at most.", most=f"{MAX_ROWS:,}"))
    return rows


# --- CSV


def read_csv(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        check_columns(columns)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield read_cells(line, columns, cells)
            line = reader.line_num + 1  # a cell may have many
    except csv.Error as error:
        fault = Text("This is not CSV: %(why)s.", why=str(error))
        raise make_refusal([make_fault(reader.line_num, "", fault)]) from error


def check_columns(columns: list[str]) -> None:
    """Refuse names of columns that nobody knows, stand there twice, or are left out.

    Of very many the first are enough: some of these are always wrong.
    """
    faults = [find_column_fault(columns, number) for number in range(len(columns[:MAX_TOLD]))]
    faults += [
        Text("The column %(name)s is needed.", name=name) for name in NEEDED if name not in columns
    ]
    if found := [make_fault(1, "", fault) for fault in faults if fault]:
        raise make_refusal(found)


def find_column_fault(columns: list[str], number: int) -> str:
    name = columns[number]
    if name not in COLUMNS and name not in PASSED_OVER:
        return Text("There is no column %(name)s.", name=repr(name[:50]))
    if name in columns[:number]:
        return Text("The column %(name)s stands there twice.", name=name)
    return ""


def read_cells(line: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) != len(columns):
        fault = Text(
            "There are %(count)s cells, and %(wanted)s columns.",
            count=len(cells),
            wanted=len(columns),
        )
        return Row(line, {}, fault)
    pairs = zip(columns, cells, strict=True)
    values: dict[str, Any] = {name: unquote_cell(cell) for name, cell in pairs if name in COLUMNS}
    if "is_public" in values:
        values["is_public"] = read_flag(values["is_public"])
    return Row(line, values)


def read_flag(cell: str) -> bool | str:
    """Return what a cell says: spreadsheets write TRUE; what says neither stays as it is."""
    return {"true": True, "false": False, "": False}.get(cell.strip().lower(), cell)


# --- JSON


class Members(dict[str, Any]):
    """What an object says, and which of its keys stands there twice."""

    repeated = ""


def make_members(pairs: list[tuple[str, Any]]) -> Members:
    found = Members(pairs)
    if len(found) < len(pairs):
        found.repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
    return found


def read_lines(text: str) -> Iterator[Row]:
    for line, part in enumerate(text.split("\n"), 1):
        if part.strip():
            try:
                yield read_object(line, json.loads(part, object_pairs_hook=make_members))
            except (ValueError, RecursionError):
                yield Row(line, {}, Text("This is not JSON."))


def read_list(text: str) -> Iterator[Row]:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise make_refusal([make_fault(line, "", Text("This is not JSON."))]) from error
    return find_objects(text)


def find_objects(text: str) -> Iterator[Row]:
    return (read_object(line, value) for line, value in find_values(text, text.index("[")))


def find_values(text: str, start: int) -> Iterator[tuple[int, Any]]:
    """Yield the values of the list that begins there one by one, to know their lines."""
    decoder = json.JSONDecoder(object_pairs_hook=make_members)
    line, seen, at = 1, 0, start + 1
    while text[at := skip_gap(text, at)] != "]":
        line, seen = line + text.count("\n", seen, at), at
        value, at = decoder.raw_decode(text, at)
        yield line, value


def skip_gap(text: str, at: int) -> int:
    found = GAP.match(text, at)
    return found.end() if found else at


def read_object(line: int, value: Any) -> Row:
    if not isinstance(value, Members):
        return Row(line, {}, Text("This is not an object."))
    if value.repeated:
        key = repr(value.repeated[:50])
        return Row(line, {}, Text("The key %(key)s stands there twice.", key=key))
    if unknown := [name for name in value if name not in COLUMNS and name not in PASSED_OVER]:
        return Row(line, {}, Text("There is no column %(name)s.", name=repr(unknown[0][:50])))
    return Row(line, {name: value[name] for name in COLUMNS if name in value})
