import pytest

from quartapp.errors import InvalidError
from quartapp.security import check_password
from quartapp.services.password import find_fault, make_password_hash

LENGTH = "A password has 15 to 128 characters."
COMMON = "Many people use this password, and it is guessed first; choose another."
OWN = "This password is made of your own name or address; choose another."


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("correct horse battery", ""),
        ("aaaaaaaaaaaaaab", ""),
        ("пароль из нескольких слов", ""),
        ("all that fits into " + "128 characters " * 7 + "four", ""),
        ("a" * 14, LENGTH),
        ("ab cd ef gh " * 11, LENGTH),
        ("passwordpassword", COMMON),
        ("PassWord12345678!", COMMON),
        ("a" * 20, COMMON),
        ("abcabcabcabcabcabc", COMMON),
        ("qwertyuiopqwertyuiop", COMMON),
        ("1qaz2wsx3edc4rfv", COMMON),
        ("SupermanFootball", COMMON),
        ("Football-Superman", ""),
        ("margaret.hamilton", OWN),
        ("quartappmargaret", OWN),
        ("hamilton went to the moon", ""),
    ],
)
def test_password_is_long_not_common_and_not_the_name(password: str, fault: str) -> None:
    assert find_fault(password, ["Margaret", "hamilton"]) == fault


@pytest.mark.parametrize(("password", "fault"), [("v7 gnu q", ""), ("v7 gnu", "8 to 128")])
def test_beside_a_second_factor_eight_characters_are_enough(password: str, fault: str) -> None:
    assert fault in find_fault(password, [], has_second_factor=True)
    assert "15 to 128" in find_fault(password, [])


async def test_weak_password_is_told_beside_its_field() -> None:
    with pytest.raises(InvalidError) as caught:
        await make_password_hash("short", own_words=[])
    assert [(error.loc, error.msg) for error in caught.value.errors] == [(("password",), LENGTH)]


async def test_good_password_is_hashed() -> None:
    digest = await make_password_hash("correct horse battery", own_words=["ann"])
    assert await check_password("correct horse battery", digest)
