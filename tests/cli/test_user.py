import re

from quart import Quart

from quartapp.cli.user import setup_url
from tests.cli.conftest import Invoke


def test_link_leads_to_the_set_up() -> None:
    assert setup_url("https://x.org", "abc") == "https://x.org/auth/setup?token=abc"


def test_link_is_printed_alone(invoke: Invoke, new_app: Quart) -> None:
    new_app.config["PUBLIC_URL"] = "https://watch.example.org"
    invoke("db", "upgrade")
    result = invoke("user", "setup-link")

    assert result.exit_code == 0, result.output
    found = re.fullmatch(r"https://watch\.example\.org/auth/setup\?token=(\S{43})\n", result.stdout)
    assert found
