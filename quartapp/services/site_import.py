"""Many sites from a file: all of it is checked before the first one is written."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import FieldError
from quartapp.models import Entity, User
from quartapp.models.address import Bounds
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.rights import may_edit_groups
from quartapp.models.text import clean_line, clean_text, clean_url
from quartapp.security import yield_to_others
from quartapp.services.entity import add_entities
from quartapp.services.group import put_into_group
from quartapp.services.site_file import Row, check_length, make_fault, make_refusal, read_rows
from quartapp.texts import Count, Text, find_text

BATCH = 100  # sites that are added by the same statements
NAMES = 500  # that are looked up by one statement

CHECKED = ("check", "group")  # by whoever reads another program's file
DEFAULTS = {"name": "", "url": "", "content": "", "is_public": False}

# One file after the other: some take seconds, in which threads and requests share the interpreter.
reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sites", initializer=yield_to_others)


class Source(StrEnum):
    """Whose file it is; each program names what it watches in its own way."""

    OWN = "quartapp"
    KUMA = "kuma"
    GATUS = "gatus"


@dataclass(frozen=True, slots=True)
class Plan:
    """The sites that a file adds, all of them checked, and how many are there already."""

    sites: Sequence[dict[str, Any]]
    skipped: int = 0
    left_out: Sequence[str] = ()  # what of the file has no counterpart here, line by line
    passed_over: Sequence[FieldError] = ()  # what is wrong with the rest


class TextRule(NamedTuple):
    clean: Callable[[str], str]
    least: int
    most: int


RULES = {
    "name": TextRule(clean_line, 1, NAME_LENGTH),
    "url": TextRule(clean_url, 1, URL_LENGTH),
    "content": TextRule(clean_text, 0, CONTENT_LENGTH),
}


async def plan_import(
    session: AsyncSession,
    text: str,
    bounds: Bounds,
    *,
    source: Source = Source.OWN,
    skip_existing: bool = False,
    skip_faulty: bool = False,
) -> Plan:
    """Return what a file adds; InvalidError says all that is wrong in it, line by line.

    The names that others have are refused, or passed over; and so are sites that cannot be added.
    """
    loop = asyncio.get_running_loop()
    work = loop.run_in_executor(reader, check_file, text, bounds, source)
    rows, faults, left_out = await work
    named = [row for row in rows if "name" in row.values]
    taken = await find_taken_names(session, [row.values["name"] for row in named])
    if not skip_existing:
        faults += [make_taken_fault(row) for row in named if row.values["name"] in taken]
    faults.sort(key=lambda fault: fault.loc[0])
    if faults and not skip_faulty:
        raise make_refusal(faults)
    wrong = {fault.loc[0] for fault in faults}
    good = [row for row in rows if row.line not in wrong]
    new = [row for row in good if row.values["name"] not in taken]
    left_out += [write_left_out(row) for row in new if row.left_out]
    return Plan([row.values for row in new], len(good) - len(new), tuple(left_out), tuple(faults))


def write_left_out(row: Row) -> str:
    what, name = ", ".join(row.left_out), row.values["name"]
    return Text("Line %(line)s, %(name)s: left out: %(what)s", line=row.line, name=name, what=what)


async def add_sites(session: AsyncSession, plan: Plan, owner: User | None) -> AsyncIterator[int]:
    """Add what is planned by batches; yield how many are there after each."""
    for start in range(0, len(plan.sites), BATCH):
        batch = plan.sites[start : start + BATCH]
        sites = [{name: site[name] for name in DEFAULTS} for site in batch]
        ways = [site.get("check", {}) for site in batch]
        await add_entities(session, sites, owner, ways)
        yield start + len(batch)


async def group_sites(session: AsyncSession, plan: Plan, by: User | None = None) -> None:
    """Put the sites that were added into the groups that their file names, if *by* may do that."""
    if by and not may_edit_groups(by):
        return
    wanted: dict[str, list[str]] = defaultdict(list)
    for site in plan.sites:
        if group := site.get("group"):
            wanted[group].append(site["name"])
    for group, names in wanted.items():
        ids = await session.scalars(select(Entity.id).where(Entity.name.in_(names)))
        await put_into_group(session, group, list(ids), by)


def list_rest(plan: Plan, by: User | None = None) -> list[str]:
    """Return a line for each site that is passed over, and for what of others was left out."""
    passed = [Text("Passed over: %(what)s", what=fault.msg) for fault in plan.passed_over]
    lines = [*passed, *plan.left_out]
    if by and not may_edit_groups(by) and any(site.get("group") for site in plan.sites):
        lines.append(Text("Only administrators may change groups: the sites are in none."))
    return lines


def write_added(plan: Plan) -> str:
    """Say what has been done."""
    added = Count("%(num)d site was added.", "%(num)d sites were added.", len(plan.sites))
    if not plan.skipped:
        return added
    passed = Count("%(num)d was there already.", "%(num)d were there already.", plan.skipped)
    return Text("%(added)s %(passed)s", added=added, passed=passed)


async def find_taken_names(session: AsyncSession, names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(names), NAMES):
        query = select(Entity.name).where(Entity.name.in_(names[start : start + NAMES]))
        found |= set(await session.scalars(query))
    return found


def make_taken_fault(row: Row) -> FieldError:
    text = Text("The name %(name)s is taken.", name=repr(row.values["name"]))
    return make_fault(row.line, "name", text)


# --- what can be told without the database


def check_file(
    text: str, bounds: Bounds, source: Source
) -> tuple[list[Row], list[FieldError], list[str]]:
    """Return the rows with those values that are right, as they are kept, and all that is wrong.

    And what of another program's file was not read at all.
    """
    given, left_out = read_file(text, source)
    rows, faults = [], []
    lines: dict[str, int] = {}  # by the names that stand there
    for row in given:
        values, found = check_row(row, bounds)
        found |= find_twice(values, row.line, lines)
        rows.append(replace(row, values=values))
        faults += [make_fault(row.line, column, fault) for column, fault in found.items()]
    return rows, faults, left_out


def read_file(text: str, source: Source) -> tuple[list[Row], list[str]]:
    if source is Source.OWN:
        return read_rows(text), []
    # Loaded when it is asked for: YAML takes 3 MB, which few processes need.
    module = import_module(f"quartapp.services.site_{source}")
    rows, unread = getattr(module, f"read_{source}")(text)
    return check_length(rows), [Text("Left out: %(what)s", what=name) for name in unread]


def check_row(row: Row, bounds: Bounds) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is right, as it is kept, and what is wrong, by columns."""
    if row.fault:
        return {}, {"": row.fault}
    values: dict[str, Any] = {name: row.values[name] for name in CHECKED if name in row.values}
    faults: dict[str, str] = {}
    for column, default in DEFAULTS.items():
        try:
            values[column] = read_value(column, row.values.get(column, default), bounds)
        except ValueError as error:
            faults[column] = find_text(error)
    return values, faults


def read_value(column: str, value: object, bounds: Bounds) -> str | bool:
    """Return a value as it is kept; ValueError for one that a form would refuse, too."""
    if column == "is_public":
        return read_flag(value)
    text = read_text(RULES[column], value)
    if column == "url":
        bounds.check(text)
    return text


def read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(Text("This is neither true nor false."))
    return value


def read_text(rule: TextRule, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(Text("This is not a text."))
    text = rule.clean(value)
    if not rule.least <= len(text) <= rule.most:
        raise ValueError(write_length_fault(rule, text))
    return text


def write_length_fault(rule: TextRule, text: str) -> str:
    if not text:
        return Text("This is needed.")
    values = {"count": f"{len(text):,}", "most": f"{rule.most:,}"}
    return Text("This has %(count)s characters, %(most)s are the most.", **values)


def find_twice(values: dict[str, Any], line: int, lines: dict[str, int]) -> dict[str, str]:
    """Return what is wrong where the name stands in an earlier line, too."""
    if "name" not in values:
        return {}
    first = lines.setdefault(values["name"], line)
    return {} if first == line else {"name": Text("It stands in line %(line)s, too.", line=first)}
