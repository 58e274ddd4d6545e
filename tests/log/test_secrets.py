"""No secret reaches a line, as text or as JSON."""

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from quartapp.database.engine import make_engine
from quartapp.database.url import parse_url
from tests.log.reading import CANARY, fail, read_lines

logger = logging.getLogger(__name__)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"password={CANARY}", ()),
        ({"password": CANARY}, ()),
        ({"password": [["one"], [CANARY]]}, ()),
        ("%s=%s", ("token", CANARY)),
        ("with %(secret)s", ({"secret": CANARY},)),
        ("form %s", ({"password": [CANARY, 1], "inner": {"csrf_token": CANARY}},)),
        ("%d headers %s", (2, [("cookie", f"a={CANARY}"), (b"dsn", CANARY.encode())])),
        ("url %s", (f"postgresql://u:{CANARY}@h/d",)),
    ],
)
@pytest.mark.usefixtures("any_format")
def test_no_secret_of_a_message(
    capsys: pytest.CaptureFixture[str], message: object, arguments: tuple[object, ...]
) -> None:
    logger.info(message, *arguments)

    (line,) = read_lines(capsys)
    assert "***" in line
    assert CANARY not in line


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": CANARY},
        {"headers": {"Cookie": CANARY}},
        {"headers": [["set-cookie", CANARY]]},
        {"deep": [[[[[[[{"dsn": CANARY}]]]]]]]},
        {"url": f"/reset?token={CANARY}"},
        {"body": f'{{"passwd": "{CANARY} {CANARY}"}}'},
    ],
)
@pytest.mark.usefixtures("as_json")
def test_no_secret_of_extra(capsys: pytest.CaptureFixture[str], extra: dict[str, object]) -> None:
    logger.info("extra", extra=extra)

    (line,) = read_lines(capsys)
    assert "***" in line
    assert CANARY not in line


@pytest.mark.usefixtures("any_format")
def test_no_secret_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    fail(f"Authorization: Bearer {CANARY}")
    fail(f"postgresql://u:{CANARY}@h/d")

    output = capsys.readouterr().err
    assert output.count("***") >= 4
    assert CANARY not in output


@pytest.mark.usefixtures("any_format")
def test_other_handlers_get_the_record_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        logger.info("token=%s", "abc")
    finally:
        logging.getLogger().removeHandler(handler)

    assert [(record.msg, record.args) for record in seen] == [("token=%s", ("abc",))]
    assert "abc" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "cast", ["CAST(:given AS INTEGER)", "CAST(CAST(:given AS TEXT) AS INTEGER)"]
)
@pytest.mark.usefixtures("any_format")
async def test_no_value_of_a_statement(
    capsys: pytest.CaptureFixture[str], postgres_url: str, cast: str
) -> None:
    """Neither where the database refuses a value, nor where its driver cannot even send it."""
    engine = make_engine(parse_url(postgres_url))
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT {cast}"), {"given": CANARY})
    except DBAPIError as error:
        logger.exception("It failed: %s", error, extra={"failure": error})
        logger.error("In a group.", exc_info=ExceptionGroup("Both.", [error, KeyError("1")]))
    await engine.dispose()

    lines = "\n".join(read_lines(capsys))
    assert "sqlalchemy.exc.DBAPIError: 22" in lines
    assert "KeyError: '1'" in lines
    assert CANARY not in lines
