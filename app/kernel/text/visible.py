"""Is anything visible here? The one test for every name, title, text, tag and comment that is typed."""

from __future__ import annotations

import html
import re
import unicodedata

from app.kernel.text.patterns import clean

# Letters by their category that show nothing: fillers of Hangul and Khmer, the empty braille cell, a
# musical note without a head.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\u034f\U0001d159")
# Controls, joiners, direction marks, spaces, line ends; accents and selectors with nothing below them.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_TAG = re.compile(r"<[^>]*>")
# What shows something without a letter.
_SEEN = re.compile(r"<(?:img|hr|math|input)\b", re.I)


def is_visible(text: str) -> bool:
    """Whether a reader sees anything of a text: no space, no joiner and no filler is seen."""
    return any(c not in BLANKS and unicodedata.category(c) not in _UNSEEN for c in text)


def shows(made: str) -> bool:
    """Whether the HTML of a text shows anything: `&#8203;` and marks around nothing do not."""
    return bool(_SEEN.search(made)) or is_visible(html.unescape(_TAG.sub("", made)))


def tidy(typed: str) -> str:
    """Return a text as it is kept, without blanks around it; "" when nothing in it is visible."""
    text = clean(typed).strip()
    return text if is_visible(text) else ""


def tidy_line(typed: str) -> str:
    """Return one line as it is kept: single spaces; "" when nothing in it is visible."""
    return " ".join(tidy(typed).split())
