"""Names of people: what one may look like, and when two look the same.

`clean_name` for whatever somebody is called (account, nickname in a planet), `name_key` for the
skeleton that must be unique within a planet.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from importlib import resources

from app.kernel.errors import Invalid
from app.kernel.text.visible import BLANKS, is_visible

MAX_VISIBLE = 30
MAX_POINTS = 60
KEY_LENGTH = 120
# Emoji, with a colour of skin or a selector behind.
_EMOJI = "[\u2190-\u2bff\u3030\u303d\u3297\u3299\u00a9\u00ae\U0001f000-\U0001faff]"
_JOINED_EMOJI = re.compile(f"(?<={_EMOJI})\u200d(?={_EMOJI})|(?<=\ufe0f)\u200d(?={_EMOJI})")
# Letters of Arabic, Syriac, Thaana, N'Ko, the Indic scripts, Tibetan, Burmese, Khmer and Mongolian.
_JOINING = "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
_JOINED_LETTERS = re.compile(f"(?<={_JOINING})[\u200c\u200d](?={_JOINING})")
_REGION = re.compile("(?<=\U0001f3f4)[\U000e0061-\U000e007a\U000e0030-\U000e0039]{2,6}\U000e007f")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
# What a reader's eye passes over when he compares two names.
_SKIPPED = frozenset({"Zs", "Pd", "Pc"})
_DOTS = frozenset(".·・•‧∙'’`´")


def clean_name(typed: str, *, field: str = "name") -> str:
    """Return a name as it is shown: NFC, single spaces inside, none around. Names are compared in NFKC
    (`name_key`), so （括号） and ① may stay as they are typed.

    Invalid(field, ...) with `empty`, `too_long` (max), `hidden_characters` for control, direction and
    zero-width characters, `too_many_marks` for piled-up accents, `no_letters` for punctuation alone.
    Joiners may stand where a writing needs them: inside emoji and between Persian or Indic letters.
    """
    text = unicodedata.normalize("NFC", typed).strip()
    name = " ".join(text.split())
    if any(_is_hidden(c) for c in _without_joiners(text)):
        raise Invalid(field, "hidden_characters")
    if not name or not is_visible(name):
        raise Invalid(field, "empty")
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


def _without_joiners(text: str) -> str:
    """Leave out the joiners that do something: between two emoji, between two letters that join, and the
    invisible letters behind a flag that name a region."""
    return _REGION.sub("", _JOINED_EMOJI.sub("", _JOINED_LETTERS.sub("", text)))


def _is_hidden(char: str) -> bool:
    return char in BLANKS or unicodedata.category(char) in _REFUSED


def _is_skipped(char: str) -> bool:
    """Accents and variation selectors too; not all marks: in Thai or Hindi they are the vowels."""
    if char in _DOTS or char in "\u200c\u200d" or unicodedata.category(char) in _SKIPPED:
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
