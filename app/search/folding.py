"""Folding: what counts as the same letter when searching, with the way back to the original text.

Full width becomes half width (NFKC), upper case lower, traditional simplified; letters lose their accents,
invisible characters vanish. `Folded` knows from where in the original each character came, so that passages
can be marked.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ODD = "\uffff"  # stands for whatever cannot be folded by itself, one character to one
# So many marks may join one letter, as in Unicode's stream-safe text: putting thousands in order takes
# seconds. No language has more than a few.
_MOST_MARKS = 30
_SAME = {"\u2019": "'", "\u2018": "'", "\u02bc": "'"}
_SAME |= dict(zip("øđłħŧı", "odlhti", strict=True)) | {"æ": "ae", "œ": "oe"}
_COMMA = "\uff0c"  # stays: between digits the other one belongs to a number


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; its character i came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class _Table(dict[int, str]):
    """For `str.translate`: fills itself with what it is asked for."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _alone(chr(code))
        return folded


@cache
def _simplified() -> dict[str, str]:
    """Return the simplified character of each that is not; see bin/tools/simplified.py."""
    before, after = Path(__file__).with_name("simplified.txt").read_text(encoding="utf-8").split()
    return dict(zip(before, after, strict=True))


@cache
def _traditional() -> dict[str, str]:
    """Return the traditional forms of each simplified character."""
    forms: dict[str, str] = {}
    for traditional, simplified in _simplified().items():
        forms[simplified] = forms.get(simplified, "") + traditional
    return forms


def in_either_script(text: str) -> str:
    """Return a regular expression for a simplified text in simplified or traditional characters."""
    forms = _traditional()
    return "".join(f"[{one}{forms[one]}]" if one in forms else re.escape(one) for one in text)


def simplify(text: str) -> str:
    """Return a text in simplified characters."""
    simplified = _simplified()
    return "".join(simplified.get(one, one) for one in text)


def _joins(character: str) -> bool:
    """Whether a character changes the one before it, or is not seen at all."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or (
        "\u1160" <= character <= "\u11ff"  # jamo that complete a syllable
    )


def _together(characters: str) -> str:
    """Fold characters that belong together; nothing remains of those that are not seen."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", characters).casefold())
    simplified = _simplified()
    return "".join(
        simplified.get(one) or _SAME.get(one) or _bare(one)
        for one in folded
        if unicodedata.category(one) not in ("Cf", "Mn", "Me")
    )


def _bare(letter: str) -> str:
    """Return a Latin or Greek letter without its accents; anything else as it is. In other scripts such marks
    make other letters."""
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() or "\u0370" <= base <= "\u03ff" else letter


def _alone(character: str) -> str:
    """Fold a character that nothing joins, or say that it is odd."""
    if character == _COMMA:
        return character
    folded = _together(character)
    return _ODD if len(folded) != 1 or _joins(character) or _joins(folded) else folded


_table = _Table()


def fold(text: str) -> Folded:
    """Fold a text."""
    folded = text.translate(_table)
    if _ODD not in folded:
        places = range(len(text) + 1)
        return Folded(folded, places[:-1], places[1:])
    return _fold_clusters(text, folded)


def _fold_clusters(text: str, singly: str) -> Folded:
    """Fold a text in which some characters join others. What stands between them goes as it is: an ellipsis
    in a long text is no reason to look at each of its letters."""
    letters: list[str] = []
    starts, ends = array("i"), array("i")
    at = 0
    while at < len(text):
        odd = singly.find(_ODD, at)
        # The letter before an odd character may be the one that it joins.
        plain = len(text) if odd < 0 else max(at, odd - 1)
        letters.append(singly[at:plain])
        starts.extend(range(at, plain))
        ends.extend(range(at + 1, plain + 1))
        if (at := plain) < len(text):
            end = _cluster_end(text, singly, at)
            alone = end == at + 1 and singly[at] != _ODD
            here = singly[at] if alone else _together(text[at:end])
            letters.append(here)
            starts.extend([at] * len(here))
            ends.extend([end] * len(here))
            at = end
    return Folded("".join(letters), starts, ends)


def _cluster_end(text: str, singly: str, at: int) -> int:
    """Return the end of what belongs together with the character at this place."""
    end = at + 1
    while (
        end < min(len(text), at + _MOST_MARKS)
        and singly[end] == _ODD
        and _joins(unicodedata.normalize("NFKC", text[end])[0])
    ):
        end += 1
    return end
