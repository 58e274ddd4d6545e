import io

import pytest

from quartapp.cli.words import read_password
from quartapp.errors import InvalidError


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # of UTF-8, of the C locale
def test_password_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch, errors: str) -> None:
    given = io.TextIOWrapper(io.BytesIO(b"\xff\xfe bad bytes\n"), encoding="utf-8", errors=errors)
    monkeypatch.setattr("sys.stdin", given)
    with pytest.raises(InvalidError, match=r"^The password is not text in UTF-8\.$"):
        read_password(True)
