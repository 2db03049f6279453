"""Passwords: hashing with argon2id, verifying in equal time, refusing what is guessed first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.kernel.errors import Invalid
from app.kernel.ids import new_secret

MIN_LENGTH = 10
MAX_LENGTH = 200
# What must be left of a password besides the name, the address and the like.
_OWN_PART = 6
# Keyboard rows and counting, forwards and backwards: a run in one of them is no password.
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "一二三四五六七八九十",
)

# 19 MiB, two passes, one lane: what OWASP asks for, an eighth of the library's own defaults.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash to store. Takes about 20 ms: never inside a unit of work."""
    return _HASHER.hash(_one_form(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether the password is the stored one; with None (no such person) False, in equal time."""
    try:
        _HASHER.verify(stored or _nobodys_hash(), _one_form(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether the hash was made with other parameters than today's and should be made again."""
    return _HASHER.check_needs_rehash(stored)


def check_password(password: str, *, personal: Iterable[str] = (), field: str = "password") -> None:
    """Refuse a new password that is too short or among the first to be guessed.

    `personal` are the name and the address. No rules about kinds of characters. Invalid(field, ...)
    with `too_short` (min), `too_long` (max), `too_common` or `too_personal`.
    """
    if len(password) < MIN_LENGTH:
        raise Invalid(field, "too_short", min=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise Invalid(field, "too_long", max=MAX_LENGTH)
    text = _one_form(password).casefold()
    if _is_common(text):
        raise Invalid(field, "too_common")
    if _is_personal(text, personal):
        raise Invalid(field, "too_personal")


def _one_form(password: str) -> str:
    """The same password typed on another keyboard is the same: full width, composed accents."""
    return unicodedata.normalize("NFKC", password)


def _is_common(text: str) -> bool:
    if len(set(text)) < 4 or any(_is_run(text, run) for run in _RUNS):
        return True
    if _repeats(text):
        return True
    common, stem = _common_passwords(), _stem(text)
    if len(stem) <= 3 and _is_run(text.replace(stem, "", 1), _RUNS[0]):
        return True
    return text in common or stem in common


def _is_run(text: str, run: str) -> bool:
    return text in run or text in run[::-1]


def _repeats(text: str) -> bool:
    """A short piece, over and over: `abc123abc123`."""
    return any(
        len(text) % size == 0 and text == text[:size] * (len(text) // size)
        for size in range(1, min(6, len(text) // 2) + 1)
    )


def _stem(text: str) -> str:
    """The word inside, without the digits and signs around it that make it seem longer."""
    start, end = 0, len(text)
    while start < end and not text[start].isalpha():
        start += 1
    while end > start and not text[end - 1].isalpha():
        end -= 1
    return text[start:end]


def _is_personal(text: str, personal: Iterable[str]) -> bool:
    words = {w for whole in personal for w in _words(whole)}
    rest = text
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != text and sum(c.isalnum() for c in rest) < _OWN_PART


def _words(whole: str) -> set[str]:
    """The pieces of a name or an address that somebody would type: `lin`, `yue`, `linyue`."""
    local, _at, domain = unicodedata.normalize("NFKC", whole).casefold().partition("@")
    pieces = "".join(c if c.isalnum() else " " for c in local).split()
    host = domain.rpartition(".")[0]
    found = {*pieces, "".join(pieces), host}
    return {w for w in found if len(w) >= 3 or (len(w) == 2 and not w.isascii())}


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hash_password(new_secret())


# Made at start: the first unknown address must not take longer than the others.
_nobodys_hash()
