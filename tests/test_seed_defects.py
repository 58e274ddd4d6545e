"""What was wrong with the projects that this one comes from, and is not listed elsewhere.

Held by other tests: a missing entity (web/test_entity), an invalid comment (web/test_entity), the
token of the remove form (web/test_entity), unique slugs and names (api/v1/test_entity), assets from
elsewhere (web/test_static), whose a comment is (web/test_entity), strangers (api/v1/test_entity).
"""

import re
from pathlib import Path

import pytest
from quart.testing import QuartClient
from sqlalchemy import update

import quartapp
from quartapp.app import QuartApp
from quartapp.config import Config
from quartapp.extensions import db
from quartapp.models import Event, User
from quartapp.services.comment import add_comment
from quartapp.services.entity import add_entity

PACKAGE = Path(quartapp.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted(PACKAGE.rglob("*.html"))


async def test_comment_of_somebody_who_is_gone_says_so(
    app: QuartApp, browser: QuartClient, admin: User
) -> None:
    async with app.app_context(), db.begin() as session:
        entity = await add_entity(session, name="a", url="http://a.test/", owner=admin)
        await add_comment(session, entity, "hello", admin)
        await session.execute(update(Event).values(author_id=None))
    page = await (await browser.get("/entities/a")).get_data(as_text=True)
    assert "<strong>Somebody</strong>" in page


def test_a_page_has_twenty_rows() -> None:
    assert Config.model_fields["PER_PAGE"].default == 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_tables_are_made_by_migrations_alone(path: Path) -> None:
    assert "create_all" not in path.read_text()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_secret_and_no_app_stands_in_the_source(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"://\w+:\w+@(?!host)", text)
    assert not re.search(r"^app\s*=", text, re.M)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_are_strict_about_names(path: Path, app: QuartApp) -> None:
    assert app.jinja_env.undefined.__name__ == "StrictUndefined"
    assert "lorem" not in path.read_text().lower()
