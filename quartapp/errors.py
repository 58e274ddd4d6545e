"""What can go wrong, in the words of the domain; each face says it its own way."""

from dataclasses import dataclass
from typing import Self

from quartapp.texts import Text, find_text

MAX_TOLD = 100  # wrong fields that an answer names; there may be thousands


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: where it stands, what is wrong, and a stable name for the rule."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class AppError(Exception):
    """An expected failure; the message is meant for the person who asked."""

    status = 400
    title: str = Text("Bad request")
    retry_after: int | None = None  # seconds

    @property
    def text(self) -> str:
        """The message as pages show it, in the reader's language."""
        return find_text(self)


class BadRequestError(AppError):
    pass


class UnauthorizedError(AppError):
    status = 401
    title = Text("Sign in first")


class CodeNeededError(UnauthorizedError):
    """The password was right, and the account has a second factor."""

    title = Text("Send a code")


class ForbiddenError(AppError):
    status = 403
    title = Text("Not allowed")


class StaleLoginError(ForbiddenError):
    """The password was given too long ago for this."""

    title = Text("Confirm your password")


class FactorNeededError(ForbiddenError):
    """The account must have a second factor, which was not given."""

    title = Text("A second factor is needed")


class NotFoundError(AppError):
    status = 404
    title = Text("Not found")


class ConflictError(AppError):
    """What was asked contradicts what is kept; `field` or `errors` name the culprits, if any."""

    status = 409
    title = Text("Conflict")

    def __init__(
        self, message: str, field: str | None = None, errors: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__(message)
        self.field = field
        self.errors = errors


class PreconditionFailedError(AppError):
    """It is not as the client took it to be; nothing was done."""

    status = 412
    title = Text("Precondition failed")


class TooLargeError(AppError):
    status = 413
    title = Text("Too large")


class UnsupportedMediaTypeError(AppError):
    status = 415
    title = Text("Unsupported media type")


class InvalidError(AppError):
    """The request is readable but wrong; `errors` says where."""

    status = 422
    title = Text("Invalid data")

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors

    @classmethod
    def of_field(cls, name: str, message: str) -> Self:
        """The error of one field, in words that stand beside it as well."""
        return cls(message, (FieldError((name,), message, "value_error"),))


class TooManyRequestsError(AppError):
    """More than a limit allows; what was asked was not looked at."""

    status = 429
    title = Text("Too many requests")

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(AppError):
    """Something that this request needs is away; it comes back."""

    status = 503
    title = Text("Unavailable")

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StorageFullError(AppError):
    """The disk is full: reads go on, writes do not."""

    status = 507
    title = Text("Storage full")
