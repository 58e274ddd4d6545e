"""One application on two databases: asked the same, they have to answer alike."""

from collections import Counter
from dataclasses import dataclass, field

from werkzeug.routing import Rule

from quartapp.app import QuartApp
from tests import wire
from tests.hardening.alike import describe, find_difference
from tests.hardening.calling import Call, Reply, call, call_socket
from tests.hardening.places import Place
from tests.hardening.readying import READY, make_ready
from tests.hardening.spoiling import spoil
from tests.security.asking import SAFE, Sending, find_arguments, is_of_api, prepare
from tests.security.things import PUBLISHED, numbers
from tests.security.world import World

ASKERS = {  # of a page by cookie, of the API by cookie and by token
    "administrator": ("admin", "full"),
    "editor": ("owner", "owner"),
    "anonymous": ("anonymous", "anonymous"),
}
SAY_THEIR_OWN = {  # so that what they say has to differ
    "admin.system",  # which database it is, and how large
    "api_v1.system.show",
    "admin.settings",  # its address
    "metrics.show",  # how this process does
    "second_factor.new",  # a new secret, drawn
    "passkey.creation_options",  # an id, encoded; PostgreSQL leaves out those of what was undone
}
RIGHT = (Place("nothing", ()), "nothing", 0)
REFUSED_ANYWAY = {  # however right it is
    ("auth.setup", "POST"): "there is an administrator: the one who asks",
    ("api_v1.user.setup", "POST"): "the same",
}
REFUSALS = range(400, 600)
LEAD_TO_LOGIN = {"account.remove", "auth.logout", "link.reset"}


@dataclass
class Twin:
    """The app on one of the databases, with the people and things in it."""

    app: QuartApp
    world: World
    sending: Sending | None = None
    token: str = ""
    numbered: int = 0  # so far
    has_changed: bool = False  # since its people were made

    def begin(self) -> None:
        """Let what was done to people for other routes be none of this one's."""
        self.sending = None
        if self.has_changed:
            self.world.end()
        self.has_changed = False

    async def send(
        self, rule: Rule, method: str, asker: str, spot: tuple[Place, str, int]
    ) -> Reply:
        """Send it; who has lost what it takes to be let in gets it anew, once."""
        for _ in range(2):
            asked = await self.prepare(rule, method, asker, spot)
            reply = await (call_socket if rule.websocket else call)(self.app, asked)
            if (
                asker == "anonymous"
                or not is_shut_out(reply)
                or spot[0].kind in ("header", "cookie")
            ):
                break
            self.world.end()
            self.sending = None
        self.heed(method, reply.status)
        return reply

    def heed(self, method: str, status: int) -> None:
        """Make anew what was asked for, as it may be gone, or taken, when something was done."""
        if status < 400 and method not in SAFE:
            self.sending = None
            self.has_changed = True

    async def prepare(
        self, rule: Rule, method: str, asker: str, spot: tuple[Place, str, int]
    ) -> Call:
        if self.sending is None:
            if rule.endpoint in READY:
                self.world.end()  # what is done beforehand takes somebody who is let in
            name = ASKERS[asker][is_of_api(rule)]
            numbers.last = self.numbered
            sending = await prepare(self.world, rule, name, choose_thing(rule, asker))
            self.sending = await make_ready(self.world, rule, sending, asker)
            self.numbered = numbers.last
            self.token = await self.sending.asker.find_csrf_token()
        place, nasty, number = spot
        return spoil(self.sending, rule, method, self.token, place, nasty, number)


def choose_thing(rule: Rule, asker: str) -> str:
    """Return what is asked for: an editor's own, else what strangers may see."""
    arguments = set(find_arguments(rule))
    if asker != "editor" and arguments & PUBLISHED:
        return "public"
    if asker == "administrator" and "user_id" in arguments:
        return "foreign"  # whoever is disabled or made less is somebody else
    return "own" if arguments else "-"


def is_shut_out(reply: Reply | wire.Reply) -> bool:
    return reply.status == 401 or "/auth/login" in reply.headers.get("location", "")


@dataclass
class Pair:
    """Both, and what came of all that they were asked."""

    twins: dict[str, Twin]
    statuses: dict[tuple[str, str, str], Counter[int]] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def begin(self) -> None:
        for twin in self.twins.values():
            twin.begin()

    async def send_right(self, rule: Rule, method: str, asker: str) -> None:
        """Send what nothing is wrong with; an administrator has to be let do it."""
        self.begin()
        reply = await self.send(rule, method, asker, RIGHT)
        is_refused = reply.status in REFUSALS or (
            is_shut_out(reply) and rule.endpoint not in LEAD_TO_LOGIN
        )
        if asker == "administrator" and is_refused != ((rule.endpoint, method) in REFUSED_ANYWAY):
            self.findings.append(f"{method} {rule}, which is right: {describe(reply)}")

    async def send(
        self, rule: Rule, method: str, asker: str, spot: tuple[Place, str, int]
    ) -> Reply:
        replies = {
            kind: await twin.send(rule, method, asker, spot) for kind, twin in self.twins.items()
        }
        where = f"{method} {rule} as {asker}, {spot[0]} = {spot[1]}"
        counter = self.statuses.setdefault((rule.endpoint, method, asker), Counter())
        counter.update(reply.status for reply in replies.values())
        told = {kind: describe(reply) for kind, reply in replies.items()}
        if rule.endpoint in SAY_THEIR_OWN:
            told = {kind: (*what[:2], "") for kind, what in told.items()}
        for kind, reply in replies.items():
            if 500 <= reply.status < 600 or reply.status == 1011:
                self.findings.append(f"{where}: {reply.status} on {kind}: {told[kind]}")
        if told["sqlite"] != told["postgres"]:
            self.findings.append(f"{where}: {find_difference(*told.values())}")
        return replies["sqlite"]

    @property
    def count(self) -> int:
        return sum(counter.total() for counter in self.statuses.values())
