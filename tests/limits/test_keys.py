"""Whose requests count as one's."""

import pytest
from quart import Quart

from quartapp.limits.keys import by_account, by_address, by_all, by_asker, group_address
from tests.limits.asking import asking

FULL_WIDTH = "\uff41\uff44\uff4d\uff49\uff4e"


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "unknown"),
        ("<local>", "unknown"),
        ("", "unknown"),
    ],
)
def test_addresses_are_grouped_by_who_has_them(address: str, group: str) -> None:
    assert group_address(address) == group


@pytest.mark.parametrize("name", ["admin", "ADMIN", " admin ", FULL_WIDTH, FULL_WIDTH.upper()])
def test_spellings_of_a_name_are_one_account(name: str) -> None:
    assert by_account(name) == by_account("admin")


@pytest.mark.parametrize("name", ["admim", "ad min", "", "stra\udcffe"])
def test_other_names_are_other_accounts(name: str) -> None:
    assert by_account(name) != by_account("admin")


def test_sharp_s_is_folded() -> None:
    assert by_account("Straße") == by_account("STRASSE")


def test_no_key_holds_a_name() -> None:
    assert "admin" not in by_account("admin")
    assert len(by_account("a" * 10_000)) == len("account:") + 64


async def test_stranger_is_known_by_the_address(app: Quart) -> None:
    async with asking(app, "2001:db8::7"):
        assert (by_asker(), by_address(), by_all()) == (
            "address:2001:db8::/64",
            "address:2001:db8::/64",
            "all",
        )
