"""Canaries under every key and in every shape; none may come through."""

import json
from collections import OrderedDict, namedtuple
from types import MappingProxyType

import pytest

from quartapp.log.redact import LIMIT, is_secret, mask, redact
from tests.growth import LINEAR, measure_growth

CANARY = "Zq7canary"
TOKEN = f"qa_{CANARY * 5}"
AWKWARD = f"{CANARY}'\" {CANARY}"  # both quotes and a space
Login = namedtuple("Login", "user password")

SECRETS = [
    f"password={CANARY}",
    f"PASSWD = {CANARY}",
    f"secret: {CANARY}",
    f"reset-token:{CANARY}",
    f"api_key={CANARY}",
    f"X-Api-Key: {CANARY}",
    f"apiKey => {CANARY}",
    f"dsn={CANARY}",
    f"pwd={CANARY}",
    f"passphrase={CANARY}",
    f"credentials={CANARY}",
    f"csrf_token={CANARY}",
    f"password == '{CANARY} {CANARY}'",
    f"password='{CANARY} {CANARY}",
    f"password='{CANARY}\\",
    f"passwords: ['{CANARY} 1', '{CANARY} 2']",
    f"config['SECRET_KEY'] = '{CANARY}'",
    f"GET /reset?token={CANARY}&next=/",
    f"GET /login?next=%2Freset%3Ftoken%3D{CANARY}",
    f"Authorization: Basic {CANARY}==",
    f"Authorization: Digest username=a, response={CANARY}",
    f"Cookie: a={CANARY}; b={CANARY}",
    f"Set-Cookie: a={CANARY}; Path=/",
    f"got bearer {CANARY}",
    f"token: Bearer {CANARY}",
    f"the token {TOKEN} was used",
    f"postgresql://u:{CANARY}@h/d",
    f"postgresql+asyncpg://u:{CANARY}@h:5432/d",
    f"redis://:{CANARY}@h",
    f"mysql://u:{CANARY}/{CANARY}:{CANARY}@{CANARY}@h/d",
    repr({"password": AWKWARD}),
    repr({"db_password": AWKWARD.encode()}),
    repr(repr({"password": AWKWARD})),
    json.dumps({"password": AWKWARD}),
    json.dumps(json.dumps({"password": AWKWARD})),
    repr([(b"cookie", AWKWARD.encode())]),
    repr(Login("alice", AWKWARD)),
    f"MultiDict([('password', '{CANARY}')])",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_in_a_text_is_masked(text: str) -> None:
    assert CANARY not in redact(text)
    assert "***" in redact(text)


def test_what_surrounds_a_secret_stays() -> None:
    assert redact("Bob: password=x status=200") == "Bob: password=*** status=200"
    assert redact("{'token': 'a b', 'id': 7}") == "{'token': ***, 'id': 7}"
    assert redact("/r?token=x&page=2") == "/r?token=***&page=2"
    assert redact("mysql://u:x@h:3306/d") == "mysql://u:***@h:3306/d"
    assert redact(f"{TOKEN}: revoked") == "qa_***: revoked"


@pytest.mark.parametrize(
    "text",
    [
        "GET /entities/7 200 12 ms",
        "Running on http://127.0.0.1:8000 (CTRL + C to quit)",
        "http://host:8080/path?mail=a@example.com",
        "KeyError: 'SECRET_KEY'",
        "Missing: ['email', 'password', 'name']",
        'INSERT INTO users ("email", "password") VALUES (?, ?)',
        "the secretary of Bob has no token",
        "qa_short",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_an_open_quote_hides_no_further_line() -> None:
    assert redact("token='a b\nnext line") == "token=***\nnext line"


def test_containers_are_masked_by_key() -> None:
    value = OrderedDict(
        user="alice",
        password=["a", "b"],
        headers=[("cookie", "a=b"), (b"authorization", b"c"), ("accept", "*/*")],
        inner=MappingProxyType({"api_key": {"raw": 1}, 7: "seven"}),
        login=Login("alice", "a"),  # its keys are in its repr, for `redact`
    )

    masked = mask(value, lambda leaf: leaf)
    assert repr(masked["login"]) == "Login(user='alice', password='a')"
    assert masked == {
        "user": "alice",
        "password": "***",
        "headers": [("cookie", "***"), (b"authorization", "***"), ("accept", "*/*")],
        "inner": {"api_key": "***", 7: "seven"},
        "login": Login("alice", "a"),
    }


def test_a_container_that_holds_itself_ends() -> None:
    endless: list[object] = []
    endless.append({"more": endless})

    assert mask(endless, str) == [{"more": [{"more": [str(endless[0])]}]}]


def test_a_key_of_any_kind_can_be_asked_for() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert [is_secret(key) for key in ("Set-Cookie", b"cookie", 7, None, Broken())] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_long_text_is_cut_and_says_so() -> None:
    text = "word " * LIMIT
    kept, mark = redact(text).split("… ")

    assert len(kept) <= LIMIT
    assert text.startswith(kept)
    assert mark == f"[{len(text) - len(kept)} characters cut]"


@pytest.mark.parametrize("visible", range(1, 50))
def test_a_token_cut_in_two_is_dropped(visible: int) -> None:
    text = "." * (LIMIT - 100 - visible) + TOKEN + " and more" * 20

    assert CANARY not in redact(text)


PUMPED = [
    "password",
    "password=",
    "password='",
    "password=\\'",
    "password=\\\\'",
    "password\\",
    "('password', '",
    "'token', \"",
    "token=[",
    "token=(\n",
    "token:        ",
    "cookie",
    "cookie: a\n",
    "bearer ",
    "bearer        ",
    "://",
    "://a:",
    "://a:b:",
    "://a:b@",
    "://a:12345",
    "qa_",
    "qa_" + "a" * 39 + " ",
    "token%3D",
    "\\",
    "'\\",
    "[",
    "@",
    " ",
    "a",
    "\x00",
]


@pytest.mark.parametrize("unit", PUMPED)
@pytest.mark.parametrize("start", ["", "password='", "://u:"])
def test_redaction_takes_no_longer_than_the_text_is_long(unit: str, start: str) -> None:
    def work(length: int) -> None:
        redact(start + unit * (length // len(unit)) + "!")

    assert measure_growth(work, 20_000) < LINEAR
