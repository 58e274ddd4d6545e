import pytest
from quart import Quart

from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import OutboxState, User, utcnow
from quartapp.services.outbox import cancel_message, record_failure
from tests.services.test_outbox import DAY, add, claim, load


async def test_message_is_cancelled_unless_it_is_being_sent(app: Quart, ann: User) -> None:
    async with app.app_context():
        await add()
        (claimed,) = await claim()
        async with db.begin() as session:
            with pytest.raises(ConflictError):
                await cancel_message(session, claimed.id, ann)
            await record_failure(session, claimed, utcnow(), "451 later")
        async with db.begin() as session:
            await cancel_message(session, claimed.id, ann)
        assert await claim(after=DAY) == []
        assert (await load()).state == OutboxState.FAILED
