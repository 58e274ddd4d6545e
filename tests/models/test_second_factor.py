from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from quartapp.models.second_factor import describe_secret, find_step, make_secret

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of RFC 6238, appendix B
MOMENT = datetime.fromtimestamp(1111111109, UTC)


def test_code_is_that_of_the_standard() -> None:
    assert find_step(SECRET, "081804", MOMENT) == 0x23523EC
    assert find_step(SECRET, "081805", MOMENT) is None


@pytest.mark.parametrize(
    ("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clock_may_be_wrong_by_one_step(steps: int, is_right: bool) -> None:
    later = MOMENT + timedelta(seconds=30 * steps)
    assert find_step(SECRET, "081804", later) == (0x23523EC if is_right else None)


@pytest.mark.parametrize("code", ["", "8", "81804", "0818040", "٠٨١٨٠٤", "081804\n", "x" * 40])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert find_step(SECRET, code, MOMENT) is None


def test_app_reads_what_it_needs_from_the_address() -> None:
    read = pyotp.parse_uri(describe_secret(SECRET, "Ann & Bob"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (SECRET, "Ann & Bob", "quartapp")
    assert (read.digits, read.interval, read.at(1111111109)) == (6, 30, "081804")


def test_each_secret_is_new_and_has_160_bits() -> None:
    secrets = {make_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {160 // 5}
