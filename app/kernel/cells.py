"""Cells of files for spreadsheets: what somebody chose as a name must not run as a formula there."""

from __future__ import annotations

import unicodedata

_FORMULAS = frozenset("=+-@\u2212")
# What stands before a formula and hides it: blanks, marks of direction, letters without width, controls.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"})
# Letters that are drawn as nothing though they count as letters (Hangul fillers, Braille blank).
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BREAKS = ("\t", "\r", "\n", "\0")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, however its sign is written or hidden: such
    a text gets an apostrophe in front. NULs, at which some readers stop, go."""
    text = text.replace("\0", "") if "\0" in text else text
    if text.startswith(_BREAKS) or _begins_formula(text):
        return f"'{text}"
    return text


def _begins_formula(text: str) -> bool:
    for letter in text:
        if letter in _BLANK or unicodedata.category(letter) in _UNSEEN:
            continue
        # Full-width and small forms become what some spreadsheets read them as.
        return unicodedata.normalize("NFKC", letter)[:1] in _FORMULAS
    return False
