import re
from datetime import timedelta

from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.outbox import claim_messages
from tests.helpers import list_revisions, queries
from tests.mail.helpers import add_mail
from tests.web.test_account import read

LEASE = timedelta(minutes=5)


async def test_page_tells_what_waits_and_who_is_at_it(app: Quart, browser: QuartClient) -> None:
    async with app.app_context():
        await add_mail()
        async with db.begin() as session:
            now = utcnow() + timedelta(seconds=1)
            (mail,) = await claim_messages(session, now=now, lease=LEASE, limit=1)
        await add_mail()
    status, page = await read(browser, "/admin/system")
    rows = re.findall(r'<th scope="row">(.*?)</th>\s*<td>(.*?)</td>', page)
    claim = f"<code>{str(mail.claimed_by)[:8]}</code>"
    assert (status, rows) == (
        200,
        [("Looks at sites", "0"), ("Mail", "1"), ("Telling people", "0"), ("Mail", claim)],
    )
    assert page.count(" s late</td>") == 1


async def test_page_tells_of_the_database_and_the_process(browser: QuartClient) -> None:
    _, page = await read(browser, "/admin/system")
    facts = dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page))
    assert facts["Migrations"] == "The database is at this version."
    assert facts["Revision of this version"] == list_revisions()[-1]
    assert facts["Connections in use"] == "1 of 10 of this process"
    assert re.fullmatch(r"[\d.]+ \wiB", facts["Memory"])
    assert re.fullmatch(r"\d+ ms", facts["Event loop late by, at most in a minute"])
    assert "Files of this installation" in facts
    assert "No worker is at anything just now." in page


async def test_page_takes_few_statements(app: Quart, browser: QuartClient) -> None:
    async with app.app_context():
        with queries(db.engine) as sent:
            await browser.get("/admin/system")
    assert len([statement for statement in sent if "BEGIN" not in statement]) <= 10
