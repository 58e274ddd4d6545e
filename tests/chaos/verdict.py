"""All that is asked of a run, with what came of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tests.chaos.judge import (
    UNAVAILABLE,
    find_blows,
    find_closed_sockets,
    find_forgotten,
    find_growth,
    find_left_out,
    find_share_of_once,
    find_slow_answers,
    find_unasked,
    find_unheard,
    find_wrong_answers,
    find_wrong_mail,
)
from tests.chaos.load import Load
from tests.chaos.look_back import (
    find_defects,
    find_false_alarms,
    read_mail,
    read_sites,
    settle,
)
from tests.chaos.run import Story
from tests.chaos.stack import LOG, Stack
from tests.invariants import find_broken
from tests.ledger import find_faults


@dataclass
class Verdict:
    """What is wrong, by what was promised; and figures of what was not."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, list[str]]:
        return {promise: wrong for promise, wrong in self.wrong.items() if wrong}


async def judge(stack: Stack, load: Load, story: Story) -> Verdict:
    await settle(stack)
    faults = await find_faults(load.ledger, stack.engine)
    async with AsyncSession(stack.engine) as session:
        mails = await read_mail(session, stack.sink)
        sites = await read_sites(session)
        alarms = await find_false_alarms(session)
        rules = await find_broken(session)
    answers, blows = load.ledger.answers, story.blows
    wrong = {
        "an answer is what was promised": list(find_wrong_answers(answers, blows)),
        "whoever asks later is answered": list(find_unasked(answers, story.calm)),
        "an answer comes in time": list(find_slow_answers(answers, blows)),
        "what was acknowledged is there, once": name_all(faults),
        "sockets hear of it": list(find_unheard(load.kept, load.ears)),
        "sockets stay open": list(find_closed_sockets(load.ears, blows)),
        "mail comes, and once": list(find_wrong_mail(mails, load.invited, blows)),
        "no site is left out": [
            *(one for site in sites for one in find_left_out(site, blows, story.began, story.over)),
            *find_forgotten(story.calm),
        ],
        "no site that is well is down": alarms,
        "all rules hold": [f"{rule}: {count}" for rule, count in rules.items()],
        "no process ends by itself": story.ended,
        "no process grows": list(find_growth(story.samples)),
        "no process meets a defect": find_defects(stack.folder / LOG),
    }
    seen = Counter(f"{answer.method} {answer.outcome}" for answer in answers)
    figures = {
        "seconds": round(story.over - story.began),
        "rounds": len(blows),
        "faults": sum(len(blow.faults) for blow in blows),
        "answers while nothing failed": story.calm.count_answers(load),
        "answers": dict(sorted(seen.items())),
        "acknowledged writes": len(load.ledger.kept),
        "mails": len(mails),
        "mails that came once": round(find_share_of_once(mails), 5),
        "looks": sum(len(site.looks) for site in sites),
        "sockets that read anew": sum(bool(ear.resyncs) for ear in load.ears),
        "sockets opened again": sum(len(ear.gaps) for ear in load.ears),
        "by fault": sum_up(load, story),
    }
    return Verdict(wrong, figures)


def name_all(faults: Mapping[str, set[str]]) -> list[str]:
    return [f"{body} is {fault}" for fault, bodies in faults.items() for body in sorted(bodies)]


def sum_up(load: Load, story: Story) -> dict[str, dict[str, float]]:
    """Return what was felt of each fault, alone or with another: s, and answers by 503."""
    found: dict[str, dict[str, float]] = {}
    for blow in story.blows:
        felt = [one for one in load.ledger.answers if find_blows([blow], one.began, one.ended)]
        longest = max((one.ended - one.began for one in felt), default=0.0)
        refused = sum(one.outcome == UNAVAILABLE for one in felt)
        for fault in blow.faults:
            row = found.setdefault(fault.name, dict.fromkeys(("times", "ready", "held", "503"), 0))
            row["times"] += 1
            row["ready"] = max(row["ready"], round(blow.ready - blow.ended, 2))
            row["held"] = max(row["held"], round(longest, 2))
            row["503"] += refused
    return dict(sorted(found.items()))
