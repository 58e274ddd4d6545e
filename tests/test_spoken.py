"""What somebody sees who reads Russian or Chinese."""
# ruff: noqa: RUF001 - letters that look like Latin ones are meant

import html
import re
from datetime import timedelta

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.languages import speak, translate
from quartapp.mail.compose import render_mail
from quartapp.mail.notices import tell_factors_forgotten
from quartapp.models import EventKind, Outage, User, utcnow
from quartapp.models.rules import Severity
from quartapp.services.bug import report_bug
from quartapp.services.entity import add_entity
from quartapp.services.event import add_event
from quartapp.texts import Count, Text
from quartapp.web.auth.letters import describe_reset
from tests.helpers import read_token, sign_in
from tests.mail.helpers import load_messages

LANGUAGES = ["ru", "zh"]
HIDDEN = re.compile(r"<code>.*?</code>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
LABEL = re.compile(r'(?:aria-label|title|placeholder|data-(?!format)[a-z-]+)="([^"]*)"')
SENTENCE = re.compile(r"[A-Za-z]{2,}(?:[ ,:;]+[A-Za-z]{2,}){2,}")
PAGES = [
    "/",
    "/entities/",
    "/entities/?q=none",
    "/entities/new",
    "/entities/import",
    "/entities/my-site",
    "/entities/my-site/edit",
    "/entities/my-site/remove",
    "/entities/my-site/timeline",
    "/entities/my-site/usability",
    "/entities/my-site/usability/edit",
    "/entities/my-site/tamper",
    "/entities/my-site/bugs",
    "/entities/my-site/bugs/new",
    "/entities/my-site/maintenances/new",
    "/bugs",
    "/bugs/1",
    "/bugs/board",
    "/tampers",
    "/maintenances",
    "/maintenances/new",
    "/account/",
    "/account/sessions",
    "/account/tokens",
    "/account/tokens/new",
    "/account/password",
    "/account/email",
    "/account/remove",
    "/account/channels",
    "/account/channels/mail",
    "/account/channels/webhook",
    "/account/second-factor",
    "/account/second-factor/new",
    "/account/passkeys",
    "/admin/users",
    "/admin/users/1",
    "/admin/invitations",
    "/admin/invitations/new",
    "/admin/outbox",
    "/admin/audit",
    "/admin/sessions",
    "/admin/tokens",
    "/admin/settings",
    "/admin/system",
    "/admin/visits",
    "/groups",
    "/groups/new",
    "/incidents",
    "/incidents/new",
    "/status/",
    "/nowhere",
]


async def read(client: QuartClient, path: str, language: str) -> str:
    answer = await client.get(path, headers={"Accept-Language": language})
    return await answer.get_data(as_text=True)


def find_english(page: str) -> list[str]:
    """Return what looks like a sentence: three words of Latin letters in a row."""
    shown = " ".join([*LABEL.findall(page), TAG.sub("\n", HIDDEN.sub("", page))])
    return SENTENCE.findall(html.unescape(shown))


def test_english_is_found() -> None:
    assert find_english('<p title="What is this">Nobody looks <b>there</b> any more.</p>') == [
        "What is this"
    ]
    assert find_english("<p>Nobody looks there.</p>") == ["Nobody looks there"]


@pytest.fixture
async def site(app: Quart, admin: User) -> None:
    """A site that was down, and has a bug."""
    now = utcnow()
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name="My site", url="https://example.org/", owner=admin)
        await session.flush()
        cause = "It answered 503, not 200-399."
        outage = Outage(
            entity_id=entity.id, started_at=now - timedelta(hours=2), reason="status", cause=cause
        )
        outage.ended_at = now
        session.add(outage)
        title = "Up again after 2 hours 5 minutes"
        await add_event(session, entity.id, EventKind.DOWN, now, "It is down", detail=cause)
        await add_event(session, entity.id, EventKind.UP, now, title)
        await report_bug(session, entity, admin, title="Leck", severity=Severity.LOW, body="")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.usefixtures("site")
async def test_page_says_nothing_in_english(client: QuartClient, language: str) -> None:
    await sign_in(client, "admin")

    for path in PAGES:
        answer = await client.get(path, headers={"Accept-Language": language})
        assert (path, answer.status_code) == (path, 404 if path == "/nowhere" else 200)
        assert (path, find_english(await answer.get_data(as_text=True))) == (path, [])


@pytest.mark.parametrize(
    ("language", "title", "label", "wrong"),
    [
        ("ru", "Войти · quartapp", "Имя пользователя или адрес почты", "Обязательное поле."),
        ("zh", "登录 · quartapp", "用户名或电子邮件", "该字段是必填字段。"),
    ],
)
async def test_login_is_spoken(
    client: QuartClient, language: str, title: str, label: str, wrong: str
) -> None:
    page = await read(client, "/auth/login", language)
    assert f"<title>{title}</title>" in page
    assert f">{label}</label>" in page

    form = {"csrf_token": await read_token(client, "/auth/login"), "name": "", "password": "x"}
    answer = await client.post("/auth/login", form=form, headers={"Accept-Language": language})
    assert f"<li>{wrong}</li>" in await answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Not Found", "There is nothing at this address."),
        ("ru", "Не найдено", "По этому адресу ничего нет."),
        ("zh", "未找到", "此地址没有任何内容。"),
    ],
)
async def test_error_is_spoken(client: QuartClient, language: str, title: str, text: str) -> None:
    page = await read(client, "/nowhere", language)

    assert f"<h1>{title}</h1>" in page
    assert f"<p>{text}</p>" in page


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [
        (
            "ru",
            "Снова работает, спустя 2 часа 5 минут",
            "Ответ со статусом 503, а ожидается 200-399.",
        ),
        ("zh", "已恢复，中断了 2 小时 5 分钟", "响应状态为 503，而不是 200-399。"),
    ],
)
@pytest.mark.usefixtures("site")
async def test_event_that_was_kept_is_spoken(
    client: QuartClient, language: str, title: str, detail: str
) -> None:
    await sign_in(client, "admin")

    page = await read(client, "/entities/my-site/timeline", language)

    assert f">{title}</a>" in page
    assert f'<span class="hint">{detail}</span>' in page


@pytest.mark.usefixtures("site")
async def test_api_stays_english(client: QuartClient) -> None:
    headers = {"Accept-Language": "ru", "Accept": "application/json"}

    answer = await client.get("/api/v1/entities/7", headers=headers)

    assert (await answer.get_json())["detail"] == "Sign in to see this."


@pytest.mark.parametrize(
    ("language", "subject", "begin"),
    [
        ("en", "Your second factor was removed", "An administrator has removed the second"),
        ("ru", "Ваш второй фактор удалён", "Администратор удалил второй фактор учётной записи"),
        ("zh", "您的双重验证已被移除", "管理员已移除账户 admin 的双重验证、恢复代码和通行密钥。"),
    ],
)
async def test_mail_is_in_the_language_of_who_gets_it(
    app: Quart, admin: User, language: str, subject: str, begin: str
) -> None:
    """Whatever the one speaks that causes it."""
    admin.email, admin.language = "admin@example.org", language
    async with (
        app.test_request_context("/", headers={"Accept-Language": "ru"}),
        db.begin() as session,
    ):
        await tell_factors_forgotten(session, admin, "abc")

    async with app.app_context():
        (message,) = await load_messages()
    assert message.subject == subject
    assert message.text.startswith(begin)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name", ["confirm", "invite", "known", "moved", "register", "renewed", "reset", "unguarded"]
)
async def test_mail_says_nothing_in_english(app: Quart, language: str, name: str) -> None:
    context = {"link": "https://example.org/x", "person": "Ann", "role": "editor", "by": None}
    context["said"] = describe_reset(2, 5)
    async with app.app_context(), speak(language):
        mail = await render_mail(name, **context)

    assert find_english(mail.text + mail.html) == []
    assert find_english(mail.subject) == []


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en", ["1 day", "2 days", "5 days", "21 days"]),
        ("ru", ["1 день", "2 дня", "5 дней", "21 день"]),
        ("zh", ["1 天", "2 天", "5 天", "21 天"]),
    ],
)
async def test_count_has_the_forms_of_the_language(
    app: Quart, language: str, spoken: list[str]
) -> None:
    async with app.app_context(), speak(language):
        said = [translate(Count("%(num)d day", "%(num)d days", days)) for days in (1, 2, 5, 21)]

    assert said == spoken


async def test_what_is_filled_in_is_escaped(app: Quart) -> None:
    app.jinja_env.globals["text"] = Text("There is no user %(name)s.", name="<b>")
    async with app.app_context(), speak("ru"):
        page = await app.jinja_env.from_string("{{ text | translate }}").render_async()

    assert page == "Пользователя &lt;b&gt; нет."
