"""The rules of models/address.py, as refusals."""

from collections.abc import Iterable

from quartapp.errors import FieldError, InvalidError
from quartapp.models.address import Bounds
from quartapp.texts import Text, find_text


def refuse_unaskable(url: str, bounds: Bounds) -> None:
    if fault := find_fault(url, bounds):
        raise InvalidError.of_field("url", fault)


def refuse_unaskable_ones(urls: Iterable[str], bounds: Bounds) -> None:
    """Refuse all of them when one can never be asked; the error says which."""
    found = enumerate(find_fault(url, bounds) for url in urls)
    faults = [
        FieldError(("items", number, "url"), fault, "value_error")
        for number, fault in found
        if fault
    ]
    if faults:
        text = (
            faults[0].msg
            if len(faults) == 1
            else Text("%(count)s addresses are not asked.", count=len(faults))
        )
        raise InvalidError(text, tuple(faults))


def find_fault(url: str, bounds: Bounds) -> str | None:
    try:
        bounds.check(url)
    except ValueError as error:
        return find_text(error)
    return None
