"""The language of a page or a mail: of the account, else of the browser, else of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from quart import Quart, Response, current_app, g, has_request_context, request
from quart_babel import force_locale, get_locale, gettext, ngettext
from quart_babel.domain import get_translations

from quartapp.auth import find_user
from quartapp.extensions import babel
from quartapp.models.user import LANGUAGES
from quartapp.recognition import recognize
from quartapp.texts import Count, Text

ENGLISH = "en"  # in which all texts are written


def init_app(app: Quart) -> None:
    babel.init_app(app, default_locale=app.config["LANGUAGE"], locale_selector=choose_language)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: find_translations().ugettext(text),
        ngettext=lambda one, many, count: find_translations().ungettext(one, many, count),
        newstyle=True,
    )
    app.add_template_filter(translate)
    app.add_template_global(find_language)
    app.after_request(name_language)


def choose_language() -> str | None:
    """Return the language of who asks; None: the one of the settings."""
    user = find_user()
    if user and user.language:
        return user.language
    if not has_request_context():
        return None
    return request.accept_languages.best_match(LANGUAGES)


def find_translations() -> Any:
    """Return the catalog of the language that is spoken now; a page asks for it at each text."""
    language = get_locale()
    known: tuple[Any, Any] = g.get("translations", (None, None))
    if known[0] is not language or language is None:
        known = g.translations = language, get_translations()
    return known[1]


def find_language() -> str:
    """Return the code of the language that is spoken now: en, ru, zh."""
    return str(get_locale())


def translate(text: str) -> str:
    """Return *text* in the language that is spoken now; one that nobody translated stays.

    What was written down in English is told from others by the words that the catalogs know.
    """
    if not text or find_language() == ENGLISH:
        return str(text)
    made = text if isinstance(text, Text) else recognize(text)
    values = {
        name: translate(value) if isinstance(value, str) else value
        for name, value in made.values.items()
    }
    if isinstance(made, Count):
        return ngettext(made.singular, made.plural, **{**values, "num": made.num})
    return gettext(made.template, **values)


@asynccontextmanager
async def speak(language: str | None) -> AsyncIterator[None]:
    """Speak *language* for a while, or the one of the settings.

    In a context of its own: those who work at the same time go on in theirs.
    """
    app: Quart = current_app._get_current_object()  # type: ignore[attr-defined]
    async with app.app_context():
        with force_locale(language or app.config["LANGUAGE"]):
            yield


async def name_language(response: Response) -> Response:
    """Tell browsers and caches in which language a page is, and what that depends on."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Language", find_language())
        response.vary.add("Accept-Language")
    return response
