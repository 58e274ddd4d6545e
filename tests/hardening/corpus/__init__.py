"""Messages that no client should send."""

from tests.hardening.corpus.endings import leave
from tests.hardening.corpus.framing import frame
from tests.hardening.corpus.headers import head, upgrade
from tests.hardening.corpus.message import HIDDEN_ID, End, Message, Verdict
from tests.hardening.corpus.syntax import spell
from tests.hardening.corpus.targets import address

__all__ = ["CORPUS", "HIDDEN_ID", "End", "Message", "Verdict"]

CORPUS: dict[str, list[Message]] = {
    "framing": frame(),
    "syntax": spell(),
    "addresses": address(),
    "headers": head(),
    "upgrades": list(upgrade()),
    "endings": leave(),
}
