import pytest
from quart import Quart
from wtforms import Field, StringField

from quartapp.errors import ConflictError
from quartapp.web.forms import BaseForm


class NameForm(BaseForm):
    class Meta(BaseForm.Meta):
        csrf = False

    name = StringField("Name")

    async def check_name(self, field: Field) -> None:
        if field.data == "taken":
            raise ValueError("This name is taken.")


async def test_validator_that_waits_is_asked(app: Quart) -> None:
    for name, accepted, errors in [
        ("free", True, {}),
        ("taken", False, {"name": ["This name is taken."]}),
    ]:
        async with app.test_request_context("/", method="POST", form={"name": name}):
            form = await NameForm.read()
            assert await form.is_accepted() is accepted
            assert form.errors == errors


async def test_form_that_was_not_sent_is_not_accepted(app: Quart) -> None:
    async with app.test_request_context("/?name=free"):
        form = await NameForm.read()
        assert not await form.is_accepted()
        assert form.status == 200


async def test_conflict_without_a_field_is_not_swallowed(app: Quart) -> None:
    async with app.test_request_context("/"):
        form = await NameForm.read()
        with pytest.raises(ConflictError):
            form.add_refusal(ConflictError("Changed meanwhile."))
