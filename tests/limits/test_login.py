"""Guessing passwords: 10,000 guesses give no more verdicts than are allowed."""

import asyncio
from collections import Counter

import pytest
from quart import Quart, g, request
from quart.testing import QuartClient
from sqlalchemy import func, select, update

from quartapp.errors import TooManyRequestsError
from quartapp.extensions import db, limiter
from quartapp.limits import keys
from quartapp.models import OutboxMessage, User
from tests.helpers import PASSWORD, read_token
from tests.limits.asking import ask, asking

pytestmark = pytest.mark.usefixtures("_still_clock")

GUESSES = 10_000
SHAPES = {  # of an attack: how many accounts and addresses, and how many verdicts they get
    "one account from everywhere": (1, GUESSES, 10),
    "one address at everybody": (GUESSES, 1, 10),
    "everywhere at everybody": (GUESSES, GUESSES, 1000),
    "fifty at fifty": (50, 50, 500),
}


def make_address(number: int) -> str:
    """Return an address of a network of its own; every other one is IPv6."""
    if number % 2:
        return f"2001:db8:{number:x}::{number:x}"
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


async def guess(app: Quart, account: str, address: str) -> bool:
    async with asking(app):
        return await guess_next(account, address)


async def guess_next(account: str, address: str) -> bool:
    """Tell whether the password is looked at; ten thousand contexts would take too long."""
    g.pop("limits", None)
    request.remote_addr = address
    try:
        await limiter.check_login(account)
    except TooManyRequestsError:
        return False
    return True


@pytest.mark.parametrize("shape", SHAPES)
async def test_ten_thousand_guesses_give_no_more_verdicts_than_allowed(
    fresh_app: Quart, shape: str
) -> None:
    accounts, addresses, allowed = SHAPES[shape]
    asked = [
        (f"user {number % accounts}", make_address(number * 7 % addresses))
        for number in range(GUESSES)
    ]
    async with asking(fresh_app):
        verdicts = [pair for pair in asked if await guess_next(*pair)]

    assert len(verdicts) == allowed
    assert max(Counter(account for account, _ in verdicts).values()) <= 10
    assert max(Counter(address for _, address in verdicts).values()) <= 10


@pytest.mark.parametrize("redis_url", ["memory", "valkey"], indirect=True)
async def test_forty_guesses_at_once_give_ten_verdicts(app: Quart) -> None:
    guesses = [guess(app, "admin", make_address(number)) for number in range(40)]

    assert (await asyncio.gather(*guesses)).count(True) == 10


async def try_token(client: QuartClient, password: str, address: str, name: str = "admin") -> int:
    data = {"username": name, "password": password}
    return int((await ask(client, "/api/v1/tokens", address, method="POST", json=data)).status_code)


async def try_page(client: QuartClient, password: str, address: str) -> int:
    token = await read_token(client, "/auth/login")
    form = {"name": "admin", "password": password, "csrf_token": token}
    return int((await ask(client, "/auth/login", address, method="POST", form=form)).status_code)


async def test_right_password_is_refused_with_the_wrong_ones(
    client: QuartClient, admin: User
) -> None:
    guesses = [await try_token(client, "wrong", make_address(number)) for number in range(12)]
    right = [await try_token(client, PASSWORD, "192.0.2.9"), await try_page(client, PASSWORD, "a")]

    assert (guesses, right) == ([401] * 10 + [429] * 2, [429, 429])


async def test_page_and_api_count_together(client: QuartClient, admin: User) -> None:
    guesses = [await try_page(client, "wrong", make_address(number)) for number in range(6)]
    guesses += [await try_token(client, "wrong", make_address(number)) for number in range(6, 12)]

    assert guesses == [422] * 6 + [401] * 4 + [429] * 2


async def test_success_does_not_reset_the_count(client: QuartClient, admin: User) -> None:
    address = "192.0.2.1"
    mixed = [await try_token(client, PASSWORD, address) for _ in range(2)]
    mixed += [await try_token(client, "wrong", address, f"user {n}") for n in range(8)]
    mixed += [await try_token(client, PASSWORD, address), await try_token(client, PASSWORD, "b")]

    assert mixed == [201] * 2 + [401] * 8 + [429, 201]


async def test_stranger_is_counted_like_somebody(client: QuartClient, admin: User) -> None:
    """What the limit says does not tell whether there is such an account."""
    names = ("admin", "nobody")
    told = {
        name: [await try_token(client, "wrong", make_address(n), name) for n in range(i, i + 11)]
        for i, name in zip((0, 100), names, strict=True)
    }

    assert told == {name: [401] * 10 + [429] for name in names}


async def test_refusal_tells_of_the_limit_but_not_of_others(client: QuartClient) -> None:
    data = {"username": "admin", "password": "wrong"}
    for _ in range(10):
        await try_token(client, "wrong", "192.0.2.1")
    answer = await ask(client, "/api/v1/tokens", method="POST", json=data)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    assert answer.headers["RateLimit"] == '"api";r=589;t=60, "login-address";r=0;t=300'


async def test_attack_on_one_account_leaves_the_others_in(client: QuartClient) -> None:
    flood = [await try_token(client, "wrong", make_address(number)) for number in range(50)]
    other = await try_token(client, "wrong", "192.0.2.99", "alice")

    assert (flood.count(401), other) == (10, 401)


async def give_address(app: Quart, email: str) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(email=email))


async def try_both(client: QuartClient, name: str, net: int) -> list[tuple[int, str]]:
    """Guess by name and by address in turn, rightly in the end; return what each answer tells."""
    answers = []
    for number in range(16):
        login = (name, f"{name}@example.org")[number % 2]
        data = {"username": login, "password": "wrong" if number < 14 else PASSWORD}
        options = {"method": "POST", "json": data}
        answer = await ask(client, "/api/v1/tokens", f"10.0.{net}.{number}", **options)
        answers.append((answer.status_code, answer.headers["RateLimit"]))
    return answers


async def test_name_and_address_of_an_account_are_counted_as_one(
    app: Quart, client: QuartClient, admin: User
) -> None:
    await give_address(app, "admin@example.org")
    known = await try_both(client, "admin", 1)

    assert [status for status, _ in known] == [401] * 16
    assert known == await try_both(client, "nobody", 2)


async def test_ten_guesses_by_name_and_address_are_looked_at(
    app: Quart, client: QuartClient, admin: User
) -> None:
    await give_address(app, "admin@example.org")
    guesses = [await try_token(client, "wrong", make_address(number)) for number in range(9)]
    right = [
        await try_token(client, PASSWORD, "a", name) for name in ("admin@example.org", "admin")
    ]

    assert (guesses, right) == ([401] * 9, [201, 401])


async def send_form(client: QuartClient, path: str, address: str, **form: str) -> int:
    form["csrf_token"] = await read_token(client, path)
    return int((await ask(client, path, address, method="POST", form=form)).status_code)


async def cause_mails(client: QuartClient, name: str, email: str) -> list[int]:
    asked = [("forgot", {"name": name})] * 3
    asked += [("forgot", {"name": email})] * 2 + [("join", {"email": email})] * 2
    return [
        await send_form(client, f"/auth/{page}", make_address(number), **form)
        for number, (page, form) in enumerate(asked)
    ]


async def test_account_gets_five_mails_a_day_however_it_is_called(
    app: Quart, client: QuartClient, admin: User
) -> None:
    app.config["REGISTRATION"] = "open"
    await give_address(app, "admin@example.org")
    known = await cause_mails(client, "admin", "admin@example.org")

    assert known == [202] * 7 == await cause_mails(client, "nobody", "nobody@example.org")
    async with app.app_context(), db.read() as session:
        mails = OutboxMessage.recipient == "admin@example.org"
        assert await session.scalar(select(func.count(OutboxMessage.id)).where(mails)) == 5


@pytest.mark.parametrize("by", ["account", "address"])
async def test_new_passwords_are_asked_for_five_times_a_day(app: Quart, by: str) -> None:
    told = []
    for number in range(7):
        address = "192.0.2.1" if by == "address" else make_address(number)
        async with asking(app, address):
            try:
                await limiter.check_reset("admin" if by == "account" else f"user {number}")
            except TooManyRequestsError as error:
                told.append(error.retry_after)

    assert told == [24 * 3600] * 2


async def test_no_name_is_kept(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    hide = keys.by_account
    monkeypatch.setattr("quartapp.limits.by_account", lambda name: asked.append(hide(name)) or "x")
    async with asking(app):
        await limiter.check_login("admin")

    assert [key for key in asked if "admin" in key] == []
    assert len(asked) == 1
