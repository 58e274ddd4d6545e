"""The form that all forms start from: it reads the request, checks the token, and may wait."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Self

from quart import request
from quart_babel.speaklater import LazyString
from wtforms import Form
from wtforms.csrf.core import CSRF, CSRFTokenField
from wtforms.fields import Field, SelectChoice
from wtforms.i18n import get_translations
from wtforms.validators import ValidationError

from quartapp.auth.csrf import EXPIRED, find_sent_token, is_csrf_token, make_csrf_token
from quartapp.errors import ConflictError, ForbiddenError, InvalidError
from quartapp.languages import find_language, translate
from quartapp.texts import find_text


class SessionToken(CSRF):
    """The token of `quartapp.auth`, as WTForms asks for it."""

    def generate_csrf_token(self, _field: CSRFTokenField) -> str:
        return make_csrf_token()

    def validate_csrf_token(self, _form: Form, field: CSRFTokenField) -> None:
        if not is_csrf_token(find_sent_token(field.data)):
            raise ValidationError(translate(EXPIRED))


@cache
def load_words(language: str) -> Any:
    """Return what the validators of WTForms say, in its own catalogs."""
    return get_translations([language])


class BaseForm(Form):
    """A form with a CSRF token; a coroutine `check_<field>(field)` is a validator that waits."""

    class Meta:
        csrf = True
        csrf_class = SessionToken

        def get_translations(self, _form: Form) -> Any:
            return load_words(find_language())

    @classmethod
    async def read(cls, obj: object = None) -> Self:
        """The form as sent, or filled from *obj* when nothing was sent."""
        return cls(await request.form if request.method == "POST" else None, obj=obj)

    async def is_accepted(self) -> bool:
        """Tell whether the form was sent, its token is right and every field is valid."""
        if request.method != "POST" or not self.validate():
            return False
        for field in self:
            await self.run_check(field)
        return not self.errors

    async def run_check(self, field: Field) -> None:
        check = getattr(self, f"check_{field.short_name}", None)
        if check is not None:
            try:
                await check(field)
            except ValueError as error:
                self.add_error(field.short_name, find_text(error))

    def add_error(self, name: str, message: str) -> None:
        self[name].errors = [*self[name].errors, translate(message)]

    def add_refusal(self, error: ConflictError | InvalidError) -> None:
        """Show beside its field what the service refused."""
        name = error.field if isinstance(error, ConflictError) else error.errors[0].loc[0]
        if name not in self:
            raise error
        self.add_error(str(name), error.text)

    @property
    def status(self) -> int:
        """The status of a page that shows this form."""
        if "csrf_token" in self.errors:
            return 403
        return 422 if self.errors else 200


def offer(choices: Mapping[str, str]) -> list[SelectChoice]:
    """Return what a select offers: its labels by the values, each in the reader's language."""
    return [SelectChoice(value=value, label=later(label)) for value, label in choices.items()]


def later(text: str) -> LazyString:
    """Return *text* as one that is translated when it is shown; it is not escaped then."""
    return LazyString(translate, text)


async def require_token() -> None:
    """Refuse a button's form without the token of this session."""
    if not await (await BaseForm.read()).is_accepted():
        raise ForbiddenError(EXPIRED)


class Clean:
    """A validator that lets a rule of the models clean the value, or refuse it."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        self.rule = rule

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            field.data = self.rule(field.data or "")
        except ValueError as error:
            raise ValidationError(translate(find_text(error))) from error
