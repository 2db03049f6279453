"""The letters of redemption codes: how they are made, read and checked. Pure.

A code is 14 random letters and two check letters, in four groups; a prefix before them is only for the
eye. The alphabet has no look-alikes and a prime number of letters: over that field the check letters
tell any one or two wrong letters, and any two that changed places, from a code that was never given out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

# Without 0 O Q, 1 I L, 2 Z, 5 S, 8 B, and without U beside V: what is read aloud or copied from paper
# is read one way.
ALPHABET = "34679ACDEFGHJKMNPRTVWXY"
BODY, CHECK, GROUP = 14, 2, 4
LENGTH = BODY + CHECK
PREFIX_MAX = 6
# So long a lost file of codes can be had again.
REPEAT = timedelta(hours=1)
_PREFIX = re.compile(r"[A-Z0-9]{0,6}")
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_SEPARATORS = re.compile(r"[\W_]+")


def new_code() -> str:
    """Return a fresh code of 63 random bits, without prefix and dashes."""
    return _checked([secrets.randbelow(len(ALPHABET)) for _ in range(BODY)])


def derive_code(name: str, *, key: str) -> str:
    """Return the code that belongs to a name under a key: always the same, guessed by nobody."""
    number = int.from_bytes(hmac.digest(key.encode(), name.encode(), "sha256"), "big")
    values = []
    for _ in range(BODY):
        number, value = divmod(number, len(ALPHABET))
        values.append(value)
    return _checked(values)


def show(code: str, prefix: str = "") -> str:
    """Return a code as people see it: `SPRING-K7RM-WXPT-34AC-9DEF`."""
    groups = [code[at : at + GROUP] for at in range(0, LENGTH, GROUP)]
    return "-".join([prefix, *groups] if prefix else groups)


def read_code(typed: str) -> str | None:
    """Return the code in what somebody typed, None when it cannot be one.

    Case, spaces, dashes of all kinds, full-width letters and the prefix do not matter.
    """
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed[:200])).upper()
    if not LENGTH <= len(plain) <= LENGTH + PREFIX_MAX:
        return None
    code = plain[-LENGTH:]
    try:
        values = [_VALUE[letter] for letter in code]
    except KeyError:
        return None
    return code if _checks(values) == (0, 0) else None


def hash_code(code: str) -> str:
    """Return the digest under which a code is kept."""
    return hashlib.sha256(f"code:{code}".encode()).hexdigest()


def is_repeatable(downloaded_at: datetime | None, seed: str, now: datetime) -> bool:
    """Whether the codes of a batch can be downloaded once more: within `REPEAT`, while their seed is
    kept."""
    return downloaded_at is not None and seed != "" and now < downloaded_at + REPEAT


def is_prefix(text: str) -> bool:
    """Tell whether a text may stand before codes: at most six capital letters and digits."""
    return bool(_PREFIX.fullmatch(text))


def _checked(values: Sequence[int]) -> str:
    """Return the code of some values, with the two letters that make both of its sums 0."""
    size = len(ALPHABET)
    plain, weighted = _checks([*values, 0, 0])
    # The last two weigh LENGTH - 1 and LENGTH: x + y = -plain, (LENGTH - 1) x + LENGTH y = -weighted.
    last = (-weighted + (LENGTH - 1) * plain) % size
    before = (-plain - last) % size
    return "".join(ALPHABET[value] for value in (*values, before, last))


def _checks(values: Sequence[int]) -> tuple[int, int]:
    size = len(ALPHABET)
    weighted = sum(weight * value for weight, value in enumerate(values, start=1))
    return sum(values) % size, weighted % size
