"""Passwords: what is refused, how they are kept."""

import pytest

from app.accounts import passwords
from app.accounts.passwords import check_password, hash_password, is_outdated, verify_password
from app.kernel.errors import Invalid
from tests.cast import PASSWORD, password_hash


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("九个字的密码太短了", "too_short"),
        ("x" * 201, "too_long"),
        ("aaaaaaaaaaaa", "too_common"),
        ("1234567890", "too_common"),
        ("0987654321", "too_common"),
        ("qwertyuiop", "too_common"),
        ("qwertyuiopasdf", "too_common"),
        ("Password2024!", "too_common"),
        ("!!password!!", "too_common"),
        ("iloveyou1314520", "too_common"),
        ("woaini1314520", "too_common"),
        ("abc123abc123", "too_common"),
        ("a123456789", "too_common"),
        ("1qaz2wsx3edc", "too_common"),
        ("linyue1988", "too_personal"),
        ("Lin-Yue-88", "too_personal"),
        ("yue.lin@example", "too_personal"),
        ("林悦林悦林悦林悦林悦12", "too_personal"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, personal=("Lin Yue", "林悦", "yue.lin@example.test"))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "lowercaseonlyisfine",
        "床前明月光疑是地上霜",
        "yue likes long walks",
        PASSWORD,
        "x9!kq2#mWv",
    ],
)
def test_no_rules_about_kinds_of_characters(password: str) -> None:
    check_password(password, personal=("Lin Yue", "yue.lin@example.test"))


def test_argon2id_with_our_parameters() -> None:
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_is_verified_and_nobodys_never_is() -> None:
    stored = hash_password(PASSWORD)
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, PASSWORD + "x")
    assert not verify_password(None, PASSWORD)
    assert not verify_password("not a hash", PASSWORD)


def test_an_unknown_address_costs_a_whole_verification() -> None:
    """Equal time by equal work: the hash compared for nobody has today's parameters."""
    assert not is_outdated(passwords._nobodys_hash())


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    assert verify_password(hash_password("ｐａｓｓ　ｐｈｒａｓｅ"), "pass phrase")


def test_old_parameters_are_noticed() -> None:
    assert is_outdated(password_hash())
    assert not is_outdated(hash_password(PASSWORD))
