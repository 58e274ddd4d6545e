"""The same secrets, and those of the settings, given to a process as it is served in production.

Searched is what it tells everybody else: who asks, nginx's logs, its own, mails, figures, traces,
Sentry, and tables. What may be told is left out where it stands, with its reason.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from wsproto.events import TextMessage

from tests.conftest import migrate
from tests.databases import create_database
from tests.hardening.canaries import CANARIES, FIELDS, HEADERS, KEYS, MARK
from tests.hardening.telling import ADDRESS, Around, read_links, read_mails, starting
from tests.helpers import PASSWORD
from tests.outside import Connection, Reply, open_socket
from tests.processes import Server, wait_until
from tests.security.expectations import ROUTES
from tests.security.test_canaries import KEPT_LINK, find_hits

pytestmark = pytest.mark.secrets

Told = dict[str, list[str]]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
CHOSEN = f"{MARK} chosen by a link"  # a password
LEADING_BACK = re.compile(r"""next=[^"'\s>]*""")  # the address that was asked for, for who asked
WITHOUT = {"static", "account.remove", "auth.logout"}  # Ann stays
PLACES = ["answers", "figures", "export", "log", "nginx", "mails", "traces", "Sentry", "tables"]


class Asking:
    """Everything that is asked of nginx, on one connection; what came is kept."""

    def __init__(self, around: Around) -> None:
        self.around = around
        self.connection = Connection(around.stand.proxied, timeout=60)

    def close(self) -> None:
        self.connection.close()

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.connection.ask(path, method, body, named)
        page = LEADING_BACK.sub("", KEPT_LINK.sub("", reply.body))
        shown = [f"{name}: {value}" for name, value in reply.headers.items() if name != "location"]
        self.around.answers.append("\n".join([f"{reply.status} {method}", *shown, page]))
        return reply

    def send(self, path: str, page: str, **form: str) -> Reply:
        """Send a form that stands on *page*, as a browser that nobody is signed in with."""
        connection = Connection(self.around.stand.proxied, timeout=60)
        shown = connection.ask(page)
        token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', shown.body)[0]
        cookie = shown.headers["set-cookie"].partition(";")[0]
        connection.close()
        body = urlencode({"csrf_token": token, **form})
        return self.ask(path, "POST", body, Cookie=cookie, **FORM)


# --- what is given


def give_to_routes(asking: Asking) -> None:
    """Give all canaries to each route, as nobody, and as Ann in a browser or by a program."""
    ann, query = asking.around.ann, urlencode(FIELDS)
    browser = {**HEADERS, "Cookie": f"{ann.cookie}; {HEADERS['Cookie']}"}
    del browser["Authorization"]  # beside which a cookie counts nothing
    program = {**HEADERS, "Authorization": f"Bearer {ann.token}"}
    for path, methods in list_paths(asking.around):
        is_api = path.startswith("/api/")
        if "GET" in methods:
            asking.ask(f"{path}?{query}", **HEADERS)
            asking.ask(f"{path}?{query}", **(program if is_api else browser))
        for method in sorted(methods - {"GET", "HEAD", "OPTIONS"}):  # refused without its token
            body = (json.dumps(FIELDS), JSON) if is_api else (query, FORM)
            asking.ask(f"{path}?{query}", method, body[0], **browser, **body[1])


def list_paths(around: Around) -> Iterator[tuple[str, set[str]]]:
    for rule in around.rules:
        if rule.endpoint not in WITHOUT:
            values = dict.fromkeys(rule.arguments, 1) | ROUTES[rule.endpoint].values
            built = rule.build({name: str(value) for name, value in values.items()}, True)
            assert built, rule
            yield built[1].partition("?")[0], rule.methods or set()


def give_what_is_right(asking: Asking) -> dict[str, str]:
    """Sign in, fail to, lose a password and choose another; return what was secret of it."""
    ann, given = asking.around.ann, {"username": "ann", "password": PASSWORD}
    path = "/api/v1/tokens"
    made = asking.connection.ask(path, "POST", json.dumps(given), JSON)  # the one that shows it
    token = str(json.loads(made.body)["token"])
    for body in ({**given, "password": f"{MARK} wrong"}, {**given, "code": f"{MARK} code"}):
        asking.ask(path, "POST", json.dumps(body), **JSON)
    asking.ask(f"/api/v1/entities?token={token}&access_token={ann.token}")
    asking.send("/auth/login", "/auth/login", name="ann", password=f"{MARK} wrong")
    sent = asking.send("/auth/forgot", "/auth/forgot", name=ADDRESS)
    assert sent.status == 202, sent.body
    wait_until(lambda: bool(read_links(asking.around.sink)), asking.around.stand.program)
    (link,) = read_links(asking.around.sink)
    page = f"/auth/reset?token={link}"
    assert asking.ask(page).status == 200
    assert asking.send("/auth/reset", page, token=link, password=CHOSEN).status == 303
    return {"token": token, "link": link, "password": PASSWORD, "chosen": CHOSEN}


def fail_with_all(asking: Asking) -> None:
    for number in range(3):
        path = f"/hardening/fail?{urlencode(FIELDS)}&n={number}"
        failed = asking.ask(path, "POST", urlencode(FIELDS), **HEADERS, **FORM)
        assert failed.status == 500, failed.body


def give_to_sockets(asking: Asking) -> None:
    ann, protocols = asking.around.ann, f"quartapp, quartapp.bearer.{FIELDS['token']}"
    path = f"/api/v1/live?{urlencode(FIELDS)}"
    refused = {**HEADERS, "Sec-WebSocket-Protocol": protocols}
    refused.pop("Authorization")
    with open_socket(asking.around.stand.proxied, path, refused) as socket:
        asking.around.answers.append(repr(socket.handshake))
    taken = {**HEADERS, "Authorization": f"Bearer {ann.token}"}
    with open_socket(asking.around.stand.proxied, path, taken) as socket:
        heard = [socket.handshake, socket.receive()]
        socket.send(TextMessage(json.dumps({"token": FIELDS["token"], "since": FIELDS})))
        heard.append(socket.receive())
        asking.around.answers.append(repr(heard))


# --- where it is looked for


def ask_for_figures(around: Around) -> str:
    """Return /metrics, which nginx does not pass on."""
    login = base64.b64encode(f"metrics:{KEYS['METRICS_TOKEN']}".encode()).decode()
    connection = Connection(around.stand.direct)
    reply = connection.ask("/metrics", headers={"Authorization": f"Basic {login}"})
    connection.close()
    assert reply.status == 200, reply.body
    return reply.body


@pytest.fixture(scope="module")
def told(
    nursery: Path, postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], Told]:
    """All secrets, and what was told in each place, after everything was given everywhere."""
    database = migrate(create_database(postgres_server))
    folder = tmp_path_factory.mktemp("told")
    with starting(nursery, database, folder) as around, closing(Asking(around)) as asking:
        ann = around.ann
        give_to_routes(asking)
        export = asking.connection.ask(
            "/account/data", headers={"Authorization": f"Bearer {ann.token}"}
        )
        fail_with_all(asking)
        give_to_sockets(asking)
        right = give_what_is_right(asking)
        figures = ask_for_figures(around)
        mails = [text.replace(right["link"], "") for text in read_mails(around.sink)]
        log = around.stop()
        secrets = {
            **CANARIES,
            **KEYS,
            **right,
            "mark": MARK,
            "program": ann.token,
            "browser": ann.cookie,
        }
        return secrets, {
            "answers": around.answers,
            "figures": [figures],
            "export": [export.body],
            "log": log.splitlines(),
            "nginx": around.read_nginx(),
            "mails": mails,  # but for the link, which is what the mail is for
            "traces": [around.collector.text],
            "Sentry": [around.sentry.text],
            "tables": around.read_tables(),
        }


EVIDENCE = {  # that it is the place it is taken for, and has heard of it
    "answers": "500 POST",
    "figures": 'status="500"',
    "export": '"sessions"',
    "log": "RuntimeError",
    "nginx": '"path":"/auth/reset"',
    "mails": "/auth/reset?token=",
    "traces": "/auth/reset",
    "Sentry": "RuntimeError",
    "tables": "audit_event.action: login-failed",
}


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_told(
    told: tuple[dict[str, str], Told], place: str, record_property: Callable[[str, object], None]
) -> None:
    secrets, places = told

    assert find_hits({"evidence": EVIDENCE[place]}, places[place]) != []
    assert find_hits(secrets, places[place]) == []
    if place == "answers":
        record_property(f"secrets: answers of a process with {len(secrets)}", len(places[place]))
