import pytest
from quart import Quart

from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.services.entity import add_entity, select_entities
from quartapp.services.paging import MAX_NUMBER, Page, paginate, paginate_after

ANYBODY = User()


@pytest.fixture
async def sites(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        for number in range(5):
            await add_entity(session, name=f"site {number}", url="http://a.test/", owner=None)


@pytest.mark.usefixtures("sites")
async def test_page_knows_its_rows_and_its_neighbours(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        page = await paginate(session, select_entities(seen_by=ANYBODY), 2, 2)
        assert [entity.name for entity in page.items] == ["site 2", "site 3"]
        assert (page.total, page.pages, page.has_prev, page.has_next) == (5, 3, True, True)


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize("number", [-1, 0, 4, MAX_NUMBER, MAX_NUMBER + 1, 2**70])
async def test_page_that_cannot_be_is_not_found(app: Quart, number: int) -> None:
    async with app.app_context(), db.begin() as session:
        with pytest.raises(NotFoundError, match=f"There is no page {number}"):
            await paginate(session, select_entities(seen_by=ANYBODY), number, 2)


@pytest.mark.usefixtures("sites")
async def test_slices_reach_every_row_once(app: Quart) -> None:
    seen: list[str] = []
    async with app.app_context(), db.begin() as session:
        key: int | None = 0
        while key is not None:
            query = select_entities(seen_by=ANYBODY)
            part = await paginate_after(session, query, Entity.id, key, 2)
            seen += [entity.name for entity in part.items]
            key = part.next_key
    assert seen == [f"site {number}" for number in range(5)]


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("search", "found"), [("SITE 3", 1), ("A.TEST", 5), ("%", 0), ("_", 0), ("\\", 0), ("", 5)]
)
async def test_search_takes_every_character_for_itself(app: Quart, search: str, found: int) -> None:
    async with app.app_context(), db.begin() as session:
        assert (await paginate(session, select_entities(search, seen_by=ANYBODY))).total == found


async def test_search_knows_letters_of_every_script(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await add_entity(session, name="ÄRZTE ЖЮ", url="http://a.test/", owner=None)
        for search in ("ärzte", "жю", "Ärzte Жю"):
            assert (await paginate(session, select_entities(search, seen_by=ANYBODY))).total == 1


@pytest.mark.parametrize(
    ("number", "pages", "shown"),
    [
        (1, 1, [1]),
        (1, 5, [1, 2, 3, 4, 5]),
        (1, 10, [1, 2, 3, None, 9, 10]),
        (5, 10, [1, 2, 3, 4, 5, 6, 7, None, 9, 10]),
        (10, 20, [1, 2, None, 8, 9, 10, 11, 12, None, 19, 20]),
        (1, 0, []),
    ],
)
def test_links_leave_gaps(number: int, pages: int, shown: list[int | None]) -> None:
    assert list(Page([], number, 10, pages * 10).iter_numbers()) == shown
