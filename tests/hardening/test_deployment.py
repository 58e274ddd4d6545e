"""What is shipped around the code: whom nginx asks, and which packages are installed."""

import re

import pytest

from tests.papers import ROOT

pytestmark = pytest.mark.asvs


def test_nginx_asks_named_processes_alone() -> None:
    """No address that is asked is made of what a client sent, but a name of a socket, bounded."""
    text = "".join(path.read_text() for path in (ROOT / "deploy").rglob("*.conf"))
    asked = set(re.findall(r"proxy_pass ([^;]+);", text))

    assert asked == {
        *("http://quartapp", "http://sockets"),
        "http://unix:/run/quartapp/$1.sock:/metrics",
    }
    assert 'location ~ "^/([A-Za-z0-9_-]{1,32})$" {' in text


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_of_the_lock_has_a_version_and_hashes(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / name).read_text()).replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line.strip()]

    assert len(packages) > 30
    assert [line for line in packages if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", line)] == []
    assert [line for line in packages if "--hash=sha256:" not in line] == []
    assert "://" not in text  # all come from the index
