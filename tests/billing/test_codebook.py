"""The letters of codes: a typing error is told apart from a code that nobody gave out."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.billing.codebook import (
    ALPHABET,
    LENGTH,
    derive_code,
    hash_code,
    is_prefix,
    new_code,
    read_code,
    show,
)


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    assert not set("0O1IL2Z5S8BUQ") & set(ALPHABET)


def test_what_people_type_is_read_as_it_was_meant() -> None:
    code = new_code()
    shown = show(code, "VIP")
    assert read_code(shown) == code
    wide = "".join(chr(ord(c) + 0xFEE0) for c in shown)
    dashes = shown.replace("-", "—")
    for typed in (shown.lower(), f"  {shown} ", shown.replace("-", " "), wide, dashes, code,
                  shown.replace("-", "\u3000"), shown.replace("VIP-", "")):  # fmt: skip
        assert read_code(typed) == code


def test_each_single_wrong_letter_and_each_swap_is_told() -> None:
    code = new_code()
    for at, letter in itertools.product(range(LENGTH), ALPHABET):
        if letter != code[at]:
            assert read_code(code[:at] + letter + code[at + 1 :]) is None
    for a, b in itertools.combinations(range(LENGTH), 2):
        if code[a] != code[b]:
            swapped = list(code)
            swapped[a], swapped[b] = code[b], code[a]
            assert read_code("".join(swapped)) is None


@given(st.text(max_size=60))
def test_nothing_that_can_be_typed_breaks_it(typed: str) -> None:
    assert read_code(typed) is None or read_code(typed) == read_code(typed.lower())


def test_codes_missing_a_letter_or_with_one_too_many_are_told() -> None:
    code = new_code()
    assert read_code(code[1:]) is None
    assert read_code(code[:-1]) is None
    assert read_code("") is None
    assert read_code("ABCDEFG" + code) is None


def test_derived_codes_are_steady_and_differ_by_name_and_key() -> None:
    first = derive_code("order 1", key="k")
    assert read_code(first) == first == derive_code("order 1", key="k")
    assert len({first, derive_code("order 2", key="k"), derive_code("order 1", key="other")}) == 3
    assert hash_code(first) != first and len(hash_code(first)) == 64


def test_prefixes_are_short_and_plain() -> None:
    assert is_prefix("") and is_prefix("VIP2026"[:6])
    assert not is_prefix("vip") and not is_prefix("VIP-1") and not is_prefix("ABCDEFG")
