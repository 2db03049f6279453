"""Names of people: what one may look like, and when two look the same.

`clean_name` for whatever somebody is called (account, nickname in a planet), `name_key` for the
skeleton that must be unique within a planet.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from importlib import resources

from app.kernel.errors import Invalid

MAX_VISIBLE = 30
MAX_POINTS = 60
KEY_LENGTH = 120
# Letters by their category that show nothing: fillers of Hangul and Khmer, the empty braille cell.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\u034f\U0001d159")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
# What a reader's eye passes over when he compares two names.
_SKIPPED = frozenset({"Zs", "Pd", "Pc"})
_DOTS = frozenset(".·・•‧∙'’`´")


def clean_name(typed: str, *, field: str = "name") -> str:
    """Return a name in its one form: NFKC, single spaces inside, none around.

    Invalid(field, ...) with `empty`, `too_long` (max), `hidden_characters` for control, direction and
    zero-width characters, `too_many_marks` for piled-up accents, `no_letters` for punctuation alone.
    """
    if any(_is_hidden(c) for c in typed.strip()):
        raise Invalid(field, "hidden_characters")
    name = " ".join(unicodedata.normalize("NFKC", typed).split())
    if not name:
        raise Invalid(field, "empty")
    if any(_is_hidden(c) for c in name):
        raise Invalid(field, "hidden_characters")
    if _longest_pile(name) > 2:
        raise Invalid(field, "too_many_marks")
    visible = sum(unicodedata.category(c) not in _MARKS for c in name)
    if visible > MAX_VISIBLE or len(name) > MAX_POINTS:
        raise Invalid(field, "too_long", max=MAX_VISIBLE)
    if not any(unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" for c in name):
        raise Invalid(field, "no_letters")
    return name


def name_key(name: str) -> str:
    """Return the skeleton of a name: equal for two names that a reader may take for each other.

    Case, width, accents, spaces and dots do not count, and look-alikes of all scripts are one (Latin
    a and Cyrillic а, l and I and 1, 0 and O). For comparing only, never for showing.
    """
    text = unicodedata.normalize("NFKC", name)
    text = _skeleton(_skeleton(text).casefold())
    text = unicodedata.normalize("NFKD", text.casefold())
    # The capital I has become l by its looks, so that i must follow: else "IRIS" is not "iris".
    kept = "".join(c for c in text if not _is_skipped(c)).replace("i", "l")
    return (kept or text)[:KEY_LENGTH]


def _is_hidden(char: str) -> bool:
    return char in _BLANKS or unicodedata.category(char) in _REFUSED


def _is_skipped(char: str) -> bool:
    """Accents and variation selectors too; not all marks: in Thai or Hindi they are the vowels."""
    if char in _DOTS or unicodedata.category(char) in _SKIPPED:
        return True
    return "\u0300" <= char <= "\u036f" or "\ufe00" <= char <= "\ufe0f" or char >= "\U000e0100"


def _longest_pile(name: str) -> int:
    longest = pile = 0
    for char in unicodedata.normalize("NFD", name):
        pile = pile + 1 if unicodedata.category(char) in _MARKS else 0
        longest = max(longest, pile)
    return longest


def _skeleton(text: str) -> str:
    table = _lookalikes()
    return "".join(table.get(c, c) for c in text)


@lru_cache(maxsize=1)
def _lookalikes() -> dict[str, str]:
    """Return look-alike -> what it is taken for, from the Unicode table in confusable_homoglyphs.

    The library's own module keeps 17 MiB of names in memory; the table alone is a tenth of that.
    In it a prototype lists all its look-alikes, and each of those only its prototype.
    """
    data = resources.files("confusable_homoglyphs").joinpath("confusables.json")
    listed: dict[str, list[dict[str, str]]] = json.loads(data.read_text("utf-8"))
    table = {}
    for char, others in listed.items():
        if len(char) != 1 or len(others) != 1:
            continue
        prototype = others[0]["c"].strip("\u200e")
        mutual = len(listed.get(prototype, ())) == 1
        table[char] = min(char, prototype) if mutual else prototype
    return table
