"""In which language somebody is spoken to."""

import pytest
from quart import Quart, current_app

from quartapp.languages import find_language, speak, translate
from quartapp.texts import Text


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr,ru;q=0.5,en;q=0.3", "ru"),
        ("fr", "en"),
        ("no language at all", "en"),
    ],
)
async def test_browser_names_the_language(app: Quart, accepted: str, spoken: str) -> None:
    async with app.test_request_context("/", headers={"Accept-Language": accepted}):
        assert find_language() == spoken


async def test_nobody_who_asks_leaves_the_language_of_the_settings(app: Quart) -> None:
    app.config["LANGUAGE"] = "en"
    async with app.app_context():
        assert find_language() == "en"


async def test_somebody_is_spoken_to_in_another_language_for_a_while(app: Quart) -> None:
    async with app.test_request_context("/", headers={"Accept-Language": "ru"}):
        async with speak("zh"):
            assert (find_language(), current_app.name) == ("zh", app.name)
        assert find_language() == "ru"


async def test_page_names_its_language(client: object) -> None:
    page = await client.get("/auth/login", headers={"Accept-Language": "ru"})  # type: ignore[attr-defined]

    assert '<html lang="ru">' in await page.get_data(as_text=True)
    assert page.headers["Content-Language"] == "ru"
    assert "Accept-Language" in page.vary


async def test_text_remembers_how_it_was_made(app: Quart) -> None:
    text = Text("There is no page %(number)s.", number=7)

    assert text == "There is no page 7."
    assert (text.template, text.values) == ("There is no page %(number)s.", {"number": 7})
    async with app.app_context():
        assert translate(text) == "There is no page 7."


async def test_nothing_to_translate_stays_nothing(app: Quart) -> None:
    """A catalog keeps what it knows of itself under the empty text."""
    async with app.test_request_context("/", headers={"Accept-Language": "ru"}):
        assert translate("") == ""
