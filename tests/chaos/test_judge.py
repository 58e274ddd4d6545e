"""The judge sees what is wrong, and says nothing of what was promised."""

from typing import Any

import pytest

from tests.chaos.calm import ANSWERS, Calm, Plan
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.judge import (
    WORKERS,
    Mail,
    Site,
    find_closed_sockets,
    find_forgotten,
    find_growth,
    find_left_out,
    find_slow_answers,
    find_unasked,
    find_unheard,
    find_wrong_answers,
    find_wrong_mail,
)
from tests.chaos.load import Ear
from tests.chaos.run import Blow, Sample
from tests.ledger import Answer

pytestmark = pytest.mark.chaos


def find(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.name == name)


def make_blow(name: str, began: float = 100.0) -> Blow:
    return Blow((find(name),), began, began + 4, began + 5)


def answer(outcome: str, method: str = "GET", at: float = 101.0, took: float = 0.1) -> Answer:
    return Answer(at, at + took, method, outcome, "2" if outcome == "503" else "")


KILLED, WEB = make_blow("postgres is killed"), make_blow("web 1 is killed")
RELOAD = make_blow("nginx reloads")
REDIS, FROZEN = make_blow("redis is killed"), make_blow("postgres is frozen")


@pytest.mark.parametrize(
    ("one", "blow"),
    [
        (answer("200"), REDIS),
        (answer("201", "POST"), REDIS),
        (answer("503"), KILLED),
        (answer("503", at=98, took=3), KILLED),
        (answer("503", at=109), KILLED),
        (answer("409", "POST"), KILLED),
        (answer("503", "POST"), WEB),
    ],
)
def test_answer_that_was_promised_is_right(one: Answer, blow: Blow) -> None:
    assert list(find_wrong_answers([one], [blow])) == []


@pytest.mark.parametrize(
    ("one", "blow"),
    [
        (answer("500"), KILLED),
        (answer("502", "POST"), WEB),
        (answer("ServerDisconnectedError"), KILLED),
        (answer("503", at=90), KILLED),
        (answer("503", at=111), KILLED),
        (answer("503"), REDIS),
        (answer("503"), WEB),
        (answer("409"), KILLED),
        (answer("503")._replace(after=""), KILLED),
    ],
)
def test_answer_that_nobody_promised_is_wrong(one: Answer, blow: Blow) -> None:
    assert len(list(find_wrong_answers([one], [blow]))) == 1


def test_answer_takes_no_longer_than_was_promised() -> None:
    answers = [answer("503", took=9.9), answer("503", took=10.1)]

    assert list(find_slow_answers(answers, [FROZEN])) == [
        "GET was answered 503 after 10.1 s: postgres is frozen"
    ]


def test_socket_may_be_closed_by_its_process_alone() -> None:
    stopped = Ear(gaps=[(102.0, 103.0)])

    assert list(find_closed_sockets([stopped], [WEB])) == []
    assert list(find_closed_sockets([stopped], [KILLED])) == [
        "a web socket was closed while this failed: postgres is killed"
    ]
    assert list(find_closed_sockets([Ear(gaps=[(160.0, 161.0)])], [RELOAD])) == []
    assert len(list(find_closed_sockets([Ear(gaps=[(160.0, 161.0)])], [WEB]))) == 1
    assert list(find_closed_sockets([Ear(lost=102.0)], [WEB])) == [
        "a web socket could not be opened again"
    ]


def test_after_all_faults_there_are_answers_and_they_are_good() -> None:
    calm, before = Calm(began=200.0), answer("503", at=199.0)
    good = [answer("200", at=200.0 + number) for number in range(ANSWERS)]

    assert list(find_unasked([before, *good], calm)) == []
    assert list(find_unasked([before, *good[1:]], calm)) == [
        f"only {ANSWERS - 1} were answered while nothing failed"
    ]
    for outcome in ("503", "409", "ServerDisconnectedError"):
        assert list(find_unasked([*good, answer(outcome, "POST", at=201.0)], calm)) == [
            f"POST was answered {outcome} long after all faults"
        ]


def test_each_socket_that_need_not_read_anew_hears_of_all() -> None:
    whole, deaf = Ear(heard={1, 2, 3}), Ear(heard={1, 3})
    anew = Ear(heard={1}, resyncs=1)

    assert list(find_unheard({1, 2}, [whole, anew])) == []
    assert list(find_unheard({1, 2}, [whole, deaf, anew])) == ["comment 2 was not heard of"]
    assert list(find_unheard({1, 2}, [anew, anew])) == ["2 of 2 sockets had to read anew"]


def make_mail(*taken: float, **more: Any) -> Mail:
    values = {"message_id": "<1>", "recipient": "a@example.org", "is_sent": True, "error": ""}
    return Mail(**{**values, "taken": taken, **more})


@pytest.mark.parametrize(
    ("mail", "wrong"),
    [
        (make_mail(101.0), 0),
        (make_mail(is_sent=False, error="554 Never"), 0),
        (make_mail(101.0, 120.0), 0),  # a fault was there when it was taken
        (make_mail(130.0, 140.0), 1),
        (make_mail(), 1),
        (make_mail(is_sent=False, error="451 Later"), 1),
        (make_mail(101.0, is_sent=False), 1),
        (make_mail(101.0, recipient="b@example.org"), 1),
    ],
)
def test_mail_comes_once(mail: Mail, wrong: int) -> None:
    assert len(list(find_wrong_mail([mail], {"a@example.org": True}, [KILLED]))) == wrong


def test_invitation_that_was_not_acknowledged_may_be_there_or_not() -> None:
    assert list(find_wrong_mail([], {"a@example.org": False}, [])) == []
    assert list(find_wrong_mail([make_mail(101.0)], {"a@example.org": False}, [])) == []


def test_fault_catches_no_more_mails_than_were_under_way() -> None:
    most = 2 * WORKERS  # in 5 s, each worker tries twice
    twice = [make_mail(101.0, 102.0)] * most

    assert list(find_wrong_mail(twice, {}, [KILLED])) == []
    assert list(find_wrong_mail([*twice, make_mail(99.0, 103.0)], {}, [KILLED])) == [
        f"{most + 1} mails came again while this failed: postgres is killed"
    ]
    assert list(find_wrong_mail([make_mail(*[101.0] * (most + 2))], {}, [KILLED])) == [
        f"{most + 1} mails came again while this failed: postgres is killed"
    ]


def test_of_a_thousand_mails_one_may_come_twice() -> None:
    mails = [make_mail(1.0)] * 999

    assert list(find_wrong_mail([*mails, make_mail(101.0, 102.0)], {}, [KILLED])) == []
    assert list(find_wrong_mail([*mails, *[make_mail(101.0, 102.0)] * 2], {}, [KILLED])) == [
        "only 0.9980 of the mails came once"
    ]


def test_site_is_looked_at_within_two_intervals_and_the_time_of_faults() -> None:
    site = Site("steady", 30, (10.0, 70.0, 144.0))

    assert list(find_left_out(site, [KILLED], 0.0, 200.0)) == []
    assert list(find_left_out(site, [], 0.0, 200.0)) == ["steady was left out for 74 s"]
    assert list(find_left_out(site, [KILLED], 0.0, 300.0)) == ["steady was left out for 156 s"]


def test_site_that_is_not_to_be_looked_at_in_time_is_forgotten() -> None:
    in_time = [Plan("often", 10, 34.0), Plan("seldom", 60, 124.0), Plan("late", 30, -3.0)]
    forgotten = [Plan("claimed", 10, 36.0), Plan("seldom", 60, 126.0), Plan("lost", 30, None)]

    assert list(find_forgotten(Calm(200.0, in_time))) == []
    assert list(find_forgotten(Calm(200.0, forgotten, ["steady"]))) == [
        "claimed is looked at in 36 s",
        "seldom is looked at in 126 s",
        "lost is looked at never",
        "steady was not looked at while nothing failed",
    ]


def test_process_that_grows_is_named() -> None:
    small, large = Sample("1.sock", 7, 100.0, 40), Sample("1.sock", 7, 131.0, 61)

    assert list(find_growth([small, large])) == [
        "1.sock grew from 100 to 131 MB",
        "1.sock has 61 files open, and had 40",
    ]
    assert list(find_growth([small, Sample("1.sock", 8, 131.0, 61)])) == []


def test_each_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
