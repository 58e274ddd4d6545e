"""Secrets that are given everywhere are found nowhere but where they belong."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from quart import Quart, request
from quart.testing import QuartClient
from sqlalchemy import select, text

from quartapp import create_app
from quartapp.extensions import db
from quartapp.models import Base
from quartapp.services.user import add_setup_token
from tests.helpers import read_token

LIVES = {  # passwords that were right once, in this order
    "first": "Zq7 canary of the first day",
    "second": "Zq7 canary of the second day",
}
WRONG = "Zq7 canary that was never right"
WEAK = "Zq7canary"
LOST_TOKEN = "qa_Zq7canaryZq7canaryZq7canaryZq7canaryZq7can"
KEPT_LINK = re.compile(r'<input[^>]* name="token"[^>]*>')  # in the form that it leads to


@dataclass
class Story:
    """What one browser and its programs said, and what they were told."""

    client: QuartClient
    program: QuartClient
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def ask(self, path: str, method: str = "GET", **options: Any) -> str:
        """Return what is told; it is searched at the end, but for the cookies."""
        client = self.program if path.startswith("/api/") else self.client
        response = await client.open(path, method=method, **options)
        self.statuses.append(response.status_code)
        body = await response.get_data(as_text=True)
        headers = [f"{name}: {value}" for name, value in response.headers if name != "set-cookie"]
        page = KEPT_LINK.sub("", body)
        self.answers.append("\n".join([f"{method} {path.partition('?')[0]}", *headers, page]))
        self.note_cookies()
        return str(body)

    async def send(self, path: str, page: str = "", **form: str) -> str:
        token = await read_token(self.client, page or path)
        self.note(token)
        return await self.ask(path, "POST", form={**form, "csrf_token": token})

    async def call(self, path: str, method: str = "GET", token: str = "", **options: Any) -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Content-Type": "application/json"} if "data" in options else {}
        return await self.ask(f"/api/v1{path}", method, headers=headers, **options)

    async def make_token(self, password: str) -> str:
        """Return a token; the answer to this is the one that shows it."""
        data = {"username": "root", "password": password}
        response = await self.program.post("/api/v1/tokens", json=data)
        return self.note(str((await response.get_json())["token"]))

    def note(self, secret: str) -> str:
        self.secrets[f"secret {len(self.secrets)}"] = secret
        return secret

    def note_cookies(self) -> None:
        for cookie in self.client.cookie_jar:
            value = str(cookie.value)
            self.secrets[f"{cookie.name} {value[-8:]}"] = value
            if cookie.name == "remember":
                self.secrets[f"in {cookie.name} {value[-8:]}"] = value.partition(".")[2]
            if cookie.name == "quartapp":
                data = value.partition(".")[0]
                inner = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode()
                self.secrets[f"in {cookie.name} {value[-8:]}"] = inner.strip('"')


def begin(app: Quart, secrets: dict[str, str]) -> Story:
    return Story(app.test_client(), app.test_client(use_cookies=False), secrets)


async def tell_of_set_up(story: Story, app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        link = story.note(await add_setup_token(session))
    page, form = f"/auth/setup?token={link}", {"name": "root"}
    await story.send("/auth/setup", page, **form, token=story.note(WRONG[:40]), password=WRONG)
    await story.send("/auth/setup", page, **form, token=link, password=WEAK)
    await story.send("/auth/setup", page, **form, token=link, password=LIVES["first"])
    await story.send("/auth/setup", page, **form, token=link, password=LIVES["first"])


async def tell_of_passwords(story: Story) -> None:
    first, second = LIVES.values()
    await story.send("/auth/login", name="root", password=WRONG)
    await story.send("/auth/login", name="root", password=first, remember="y")
    await story.send("/auth/confirm", password=WRONG)
    await story.send("/auth/confirm", password=first)
    await story.send("/account/password", current_password=WRONG, password=second)
    await story.send("/account/password", current_password=first, password=WEAK)
    await story.send("/account/password", current_password=first, password=second)
    story.client.delete_cookie("localhost", "quartapp")
    await story.ask("/account/")  # the remember cookie wakes the session


async def tell_of_tokens(story: Story) -> None:
    password = LIVES["second"]
    token = await story.make_token(password)
    other = await read_new_token(story)
    for known in (token, other, story.note(LOST_TOKEN)):
        await story.call("/tokens", token=known)
        await story.call(f"/entities?q={known}")
        await story.call("/entities", "POST", known, data=f'{{"name": "{known}')
        await story.ask(f"/entities/?token={known}")
        await story.ask("/livez", headers={"Authorization": f"Bearer {known}", "X-Api-Key": known})
    for data in ({"username": "root", "password": WRONG}, {"username": "root", "pass": WRONG}):
        await story.call("/tokens", "POST", json=data)
    await story.call("/tokens", "POST", json={"username": ["root"], "password": [WRONG]})
    await story.call("/tokens", "POST", data=f"password={WRONG}")
    await story.call("/tokens", "PUT", token)
    await story.call("/setup", "POST", json={"token": WRONG, "name": "x", "password": WRONG})


async def read_new_token(story: Story) -> str:
    """Make a token on the page, whose answer is the one that shows it."""
    csrf_token = await read_token(story.client, "/account/tokens/new")
    form = {"name": "laptop", "scope": "write", "csrf_token": csrf_token}
    response = await story.client.post("/account/tokens/new", form=form)
    page = await response.get_data(as_text=True)
    return story.note(re.findall(r"qa_[\w-]{40,}", page)[0])


async def tell_of_pages(story: Story, app: Quart) -> None:
    paths = ["/", "/auth/login", "/auth/confirm", "/entities/", "/entities/new", "/nothing"]
    paths += [f"/account/{name}" for name in ("", "sessions", "tokens", "tokens/new", "password")]
    for path in paths:
        await story.ask(path)
    await story.ask("/auth/logout", "POST", form={"csrf_token": WRONG})
    await story.ask("/auth/login", "POST", data=WRONG)


async def tell_of_failures(story: Story, app: Quart) -> None:
    """Let the database fail beneath every kind of secret."""
    token = await story.make_token(LIVES["second"])
    csrf_token = await read_token(story.client, "/auth/login")
    async with app.app_context(), db.begin() as session:
        await session.execute(text('ALTER TABLE "user" RENAME TO hidden'))
    form = {"name": "root", "password": LIVES["second"], "csrf_token": csrf_token}
    headers = {"Authorization": f"Bearer {token}"}
    assert "Internal error" in await story.ask("/fail", "POST", form=form, headers=headers)
    await story.ask("/auth/login", "POST", form=form)
    await story.call("/entities", token=token)
    await story.call("/tokens", "POST", json={"username": "root", "password": LIVES["second"]})
    async with app.app_context(), db.begin() as session:
        await session.execute(text('ALTER TABLE hidden RENAME TO "user"'))


async def read_columns(app: Quart) -> list[str]:
    """Return all that is kept, value by value."""
    async with app.app_context(), db.read() as session:
        return [
            f"{table.name}.{name}: {value}"
            for table in Base.metadata.sorted_tables
            for row in (await session.execute(select(table))).mappings()
            for name, value in row.items()
        ]


def find_hits(secrets: dict[str, str], places: list[str]) -> list[str]:
    return [
        f"{name}: {place[max(0, found - 80) : found]}"
        for name, secret in secrets.items()
        for place in places
        if (found := place.find(secret)) >= 0
    ]


@pytest.fixture(params=["text", "json"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": request.param}


async def fail() -> None:
    """Say in an exception what no exception should say."""
    raise RuntimeError(f"{request.headers}{await request.form}")


async def test_secrets_are_found_nowhere(
    fresh_app: Quart, capsys: pytest.CaptureFixture[str]
) -> None:
    app = fresh_app
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fail", "fail", fail, methods=["POST"])
    story = begin(app, {**LIVES, "wrong": WRONG, "weak": WEAK})
    await tell_of_set_up(story, app)
    await tell_of_passwords(story)
    assert story.statuses == [400, 422, 303, 400, 422, 303, 422, 303, 422, 422, 303, 200]
    await tell_of_tokens(story)
    await tell_of_pages(story, app)
    await tell_of_failures(story, app)
    assert story.statuses[-4:] == [500, 503, 503, 503]
    lines = capsys.readouterr().err.splitlines()

    assert any("RuntimeError" in line for line in lines)
    assert (len(story.secrets) > 20, len(story.answers) > 40) == (True, True)
    assert find_hits(story.secrets, lines) == []
    assert find_hits(story.secrets, await read_columns(app)) == []
    assert find_hits(story.secrets, story.answers) == []


async def test_hit_is_found(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await add_setup_token(session)
    kept = await read_columns(app)

    assert find_hits({"a word": "setup"}, kept) == ["a word: link.purpose: "]


async def test_passwords_of_servers_are_told_to_nobody(
    tmp_path: Any, unused_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    place, secrets = f"127.0.0.1:{unused_port}", {"password": WEAK, "key": "Zq7key" * 8}
    app = create_app(
        {
            "TESTING": True,
            "INSTANCE_PATH": tmp_path,
            "SECRET_KEY": secrets["key"],
            "DATABASE_URL": f"postgresql+asyncpg://test:{WEAK}@{place}/test",
            "RATE_LIMITS": True,
            "REDIS_URL": f"redis://:{WEAK}@{place}/0",
            "MAIL_BACKEND": "smtp",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": unused_port,
            "MAIL_PASSWORD": WEAK,
            "LOG_LEVEL": "DEBUG",
        }
    )
    async with app.test_app():
        story = begin(app, {})
        for path in ("/livez", "/readyz", "/", "/auth/login", "/entities/", "/nothing"):
            await story.ask(path)
        await story.call("/entities", token=LOST_TOKEN)
        await story.call("/tokens", "POST", json={"username": "a", "password": "b"})
    lines = capsys.readouterr().err.splitlines()

    assert any("Redis is away" in line for line in lines)
    assert any("database" in answer for answer in story.answers)
    assert find_hits(secrets, [*lines, *story.answers]) == []
