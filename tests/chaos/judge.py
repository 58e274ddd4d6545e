"""What came of it, held against what was promised; each fault found is a sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.calm import ANSWERS, Calm
from tests.chaos.load import Ear
from tests.chaos.run import AFTER, Blow, Sample
from tests.ledger import Answer

GOOD = {"200", "201"}
UNAVAILABLE, AT_WORK = "503", "409"  # the latter: the first request with this key is not over
BUSY = 5.0  # s more than promised, on a machine that has much else to do
NEVER = "554"  # the server will not take it, and it has failed, as was promised
ONCE = 0.999  # the share of mails that came once
MANY = 1000  # mails of which that can be said
WORKERS = 2  # each of which has one mail under way, that a fault may catch
PAUSE = 4.0  # s until a worker that was caught tries again
LISTENING = 1  # sockets of which it is asked what they have heard, at least
CHECK_LEASE = 30.0  # s until another worker takes what a dead one looked at
MORE_MB, MORE_FILES = 30.0, 20  # of a process that is as old as the run


def find_blows(blows: Iterable[Blow], began: float, ended: float) -> list[Blow]:
    """Return those that were felt at some moment between."""
    return [blow for blow in blows if blow.began <= ended and began <= blow.ready + AFTER]


def find_wrong_answers(answers: Iterable[Answer], blows: Sequence[Blow]) -> Iterator[str]:
    for answer in answers:
        if answer.outcome not in GOOD:
            felt = find_blows(blows, answer.began, answer.ended)
            if not is_promised(answer, felt):
                names = "; ".join(blow.name for blow in felt) or "nothing"
                told = f"{answer.outcome} ({answer.detail})" if answer.detail else answer.outcome
                yield f"{answer.method} was answered {told} while this failed: {names}"


def is_promised(answer: Answer, felt: Iterable[Blow]) -> bool:
    """Tell whether somebody was told that they could be answered like that, and when to return."""
    faults = [fault for blow in felt for fault in blow.faults]
    if answer.outcome == AT_WORK:
        return answer.method == "POST" and bool(faults)
    is_refused = any(answer.method in fault.refused for fault in faults)
    return answer.outcome == UNAVAILABLE and bool(answer.after) and is_refused


def find_unasked(answers: Iterable[Answer], calm: Calm) -> Iterator[str]:
    """While nothing fails there are answers, and all of them are good, whatever was before."""
    strict = [answer for answer in answers if answer.began >= calm.began]
    if len(strict) < ANSWERS:
        yield f"only {len(strict)} were answered while nothing failed"
    for answer in strict:
        if answer.outcome not in GOOD:
            yield f"{answer.method} was answered {answer.outcome} long after all faults"


def find_slow_answers(answers: Iterable[Answer], blows: Sequence[Blow]) -> Iterator[str]:
    for answer in answers:
        felt = find_blows(blows, answer.began, answer.ended)
        held = max((fault.held for blow in felt for fault in blow.faults), default=0.0)
        if answer.ended - answer.began > held + BUSY:
            names = "; ".join(blow.name for blow in felt) or "nothing"
            took = f"{answer.ended - answer.began:.1f} s"
            yield f"{answer.method} was answered {answer.outcome} after {took}: {names}"


def find_unheard(kept: Set[int], ears: Sequence[Ear]) -> Iterator[str]:
    """Who was not told to read the lists anew has heard of each comment that was acknowledged."""
    judged = [ear for ear in ears if not ear.resyncs]
    if len(judged) < LISTENING:
        yield f"{len(ears) - len(judged)} of {len(ears)} sockets had to read anew"
    for comment in sorted({one for ear in judged for one in kept - ear.heard}):
        yield f"comment {comment} was not heard of"


def find_closed_sockets(ears: Iterable[Ear], blows: Sequence[Blow]) -> Iterator[str]:
    for ear in ears:
        if ear.lost:
            yield "a web socket could not be opened again"
        for lost, _ in ear.gaps:
            if not any(is_cut(lost, fault.cuts, blow) for blow in blows for fault in blow.faults):
                names = "; ".join(blow.name for blow in find_blows(blows, lost, lost)) or "nothing"
                yield f"a web socket was closed while this failed: {names}"


def is_cut(lost: float, cuts: float, blow: Blow) -> bool:
    return bool(cuts) and blow.began <= lost <= blow.ready + cuts


# --- mail


@dataclass(frozen=True)
class Mail:
    """A row of the outbox, and what the server of it has seen: when it took it, if it did."""

    message_id: str
    recipient: str
    is_sent: bool
    error: str
    taken: tuple[float, ...]


def find_wrong_mail(
    mails: Sequence[Mail], invited: Mapping[str, bool], blows: Sequence[Blow]
) -> Iterator[str]:
    """Each mail came, and once but for those that a fault caught on the way."""
    written = Counter(mail.recipient for mail in mails)
    for address, was_told in invited.items():
        if was_told and written[address] != 1:
            yield f"{address} was invited, and has {written[address]} mails"
    for mail in mails:
        if not (mail.is_sent and mail.taken) and not mail.error.startswith(NEVER):
            yield f"{mail.message_id} is sent: {mail.is_sent}; it came {len(mail.taken)} times"
        for first, last in pairwise(mail.taken):
            if not any(find_doubling(blows, first, last)):
                yield f"{mail.message_id} came twice while nothing failed that explains it"
    yield from find_too_many(mails, blows)
    share = find_share_of_once(mails)
    if len(mails) >= MANY and share < ONCE:
        yield f"only {share:.4f} of the mails came once"


def find_too_many(mails: Iterable[Mail], blows: Sequence[Blow]) -> Iterator[str]:
    """A fault catches no more mails than were under way in it."""
    pairs = [pair for mail in mails for pair in pairwise(mail.taken)]
    caught = [next(find_doubling(blows, *pair), None) for pair in pairs]
    for blow in blows:
        most = WORKERS * (1 + int((blow.ready - blow.began) / PAUSE))
        if (count := sum(one is blow for one in caught)) > most:
            yield f"{count} mails came again while this failed: {blow.name}"


def find_doubling(blows: Iterable[Blow], first: float, last: float) -> Iterator[Blow]:
    """Yield what may have let a mail be sent again."""
    for blow in find_blows(blows, first, last):
        if any(fault.doubles for fault in blow.faults):
            yield blow


def find_share_of_once(mails: Sequence[Mail]) -> float:
    taken = [mail for mail in mails if mail.taken]
    return sum(len(mail.taken) == 1 for mail in taken) / max(1, len(taken))


# --- looks


@dataclass(frozen=True)
class Site:
    name: str
    interval: float
    looks: tuple[float, ...]  # when, by the clock of the loop


def find_left_out(site: Site, blows: Sequence[Blow], began: float, over: float) -> Iterator[str]:
    """A site is looked at within two intervals, and the time of what failed meanwhile.

    Who finds the database away waits as long again before it asks once more.
    """
    for last, next_ in pairwise([began, *site.looks, over]):
        felt = find_blows(blows, last, next_)
        failed = sum(blow.ready - blow.began for blow in felt)
        if next_ - last > 2 * max(site.interval, CHECK_LEASE) + 2 * failed + BUSY:
            yield f"{site.name} was left out for {next_ - last:.0f} s"


def find_forgotten(calm: Calm) -> Iterator[str]:
    """Each site is to be looked at in time, or when a lease ends, and is when somebody asks."""
    for plan in calm.plans:
        if plan.due_in is None:
            yield f"{plan.name} is looked at never"
        elif plan.due_in > max(2 * plan.interval, CHECK_LEASE) + BUSY:
            yield f"{plan.name} is looked at in {plan.due_in:.0f} s"
    yield from (f"{name} was not looked at while nothing failed" for name in calm.unseen)


# --- processes


def find_growth(samples: Iterable[Sample]) -> Iterator[str]:
    """Compare what each process takes at first and at last, when nothing fails."""
    for (name, _), taken in group(samples).items():
        first, last = taken[0], taken[-1]
        if last.memory - first.memory > MORE_MB:
            yield f"{name} grew from {first.memory:.0f} to {last.memory:.0f} MB"
        if last.files - first.files > MORE_FILES:
            yield f"{name} has {last.files} files open, and had {first.files}"


def group(samples: Iterable[Sample]) -> dict[tuple[str, int], list[Sample]]:
    found: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.name, sample.pid].append(sample)
    return found
