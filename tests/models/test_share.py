"""Who may have one more look."""

from collections import Counter
from typing import NamedTuple

import pytest

from quartapp.models.share import Shares, find_share


class Due(NamedTuple):
    host: str
    owner_id: int | None = None


def test_three_quarters_are_of_busy_owners() -> None:
    shares = {slots: find_share(slots) for slots in (1, 3, 4, 7, 8, 50, 1000)}

    assert shares == {1: 1, 3: 3, 4: 3, 7: 6, 8: 6, 50: 38, 1000: 750}


@pytest.mark.parametrize(
    ("looks", "full"),
    [
        ([37], []),
        ([38], [0]),
        ([18, 18], []),
        ([30, 19], [0, 1]),
        ([30, 1, 1], [0]),
        ([13, 12, 13], [0, 2]),
        ([1] * 38, [*range(38)]),
    ],
)
def test_share_is_divided_among_those_who_have_looks(looks: list[int], full: list[int]) -> None:
    shares = Shares(owners=Counter(dict(enumerate(looks))), share=38)

    assert shares.full_owners == full


def test_first_ones_are_chosen_in_their_order() -> None:
    due = [Due(host) for host in "cabd"]

    assert Shares().choose(due, 3) == due[:3]


def test_host_has_two_with_those_under_way() -> None:
    due = [Due("a", 1), Due("b", 1), Due("a", 2), Due("b", 2), Due("b", 3)]
    shares = Shares(Counter(["a"]))

    assert shares.choose(due, 9) == [due[0], due[1], due[3]]
    assert (shares.busy, shares.full_hosts) == (Counter("aabb"), ["a", "b"])


def test_hosts_of_a_crowd_have_two_together() -> None:
    due = [Due("a"), Due("b"), Due("c"), Due("d")]
    shares = Shares(crowds={"a": "192.0.2.1", "b": "192.0.2.1", "c": "192.0.2.1"})

    assert shares.choose(due, 9) == [due[0], due[1], due[3]]
    assert shares.busy == {"192.0.2.1": 2, "d": 1}
    assert shares.full_hosts == ["192.0.2.1", "a", "b", "c"]


def test_owner_has_a_share_with_those_under_way() -> None:
    due = [Due("a", 1), Due("b", 1), Due("c", 2), Due("d", None), Due("e", 1), Due("f", None)]
    shares = Shares(owners=Counter([1, None]), share=4)

    assert shares.choose(due, 9) == [due[0], due[2], due[3]]
    assert (shares.owners, shares.full_owners) == ({1: 2, None: 2, 2: 1}, [1, None])


def test_what_is_not_chosen_takes_no_share() -> None:
    shares = Shares(share=2)
    shares.choose([Due("a", 1), Due("b", 1)], 1)

    assert (shares.busy, shares.owners, shares.full_owners) == ({"a": 1}, {1: 1}, [])


def test_owner_alone_fills_what_is_left_but_no_host() -> None:
    due = [Due("a", 1), Due("b", 1), Due("b", 1), Due("c", 1), Due("d", 1)]
    shares = Shares(Counter(["b"]), Counter([1, 1]), share=2)

    assert shares.choose(due, 3) == []
    assert shares.fill(due, 3) == [due[0], due[1], due[3]]
