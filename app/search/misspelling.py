"""Chinese characters that are typed for each other: those that sound alike, and those that look alike.

Common characters alone are offered, the 3,755 that GB 2312 calls so.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from functools import cache

from app.search.titles import sounds_of

SAME_SOUND, ALIKE = 0, 1
# Unicode sorts the characters of a radical by their strokes: what looks alike stands near.
_NEAR = 32
_BLUNT = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
_KANGXI = range(0x2F00, 0x2FD6)  # one for each radical


def alike(character: str) -> dict[str, int]:
    """Return the common characters that may have been meant: SAME_SOUND for those with the same pinyin, ALIKE
    for those that sound nearly so (`shi`, `si`) or have the same radical and about as many strokes."""
    found = dict.fromkeys(_looking_like(character), ALIKE)
    by_sound, by_blunt = _tables()
    for sound in sounds_of(character):
        found |= dict.fromkeys(by_blunt[_blunt(sound)], ALIKE)
    for sound in sounds_of(character):
        found |= dict.fromkeys(by_sound[sound], SAME_SOUND)
    found.pop(character, None)
    return found


@cache
def _common() -> str:
    rows = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return "".join(row.decode("gb2312", "ignore") for row in rows)


@cache
def _tables() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the common characters by their sounds, and by what these are to who hears no difference."""
    by_sound: dict[str, list[str]] = defaultdict(list)
    by_blunt: dict[str, list[str]] = defaultdict(list)
    for character in _common():
        for sound in sounds_of(character):
            by_sound[sound].append(character)
            by_blunt[_blunt(sound)].append(character)
    return by_sound, by_blunt


def _blunt(sound: str) -> str:
    for sharp, plain in _BLUNT:
        sound = sound.replace(sharp, plain)
    return sound


@cache
def _radicals() -> list[int]:
    """Return where the characters of each radical begin in Unicode."""
    return sorted(ord(unicodedata.normalize("NFKC", chr(one))) for one in _KANGXI)


def _looking_like(character: str) -> list[str]:
    at = ord(character)
    radical = bisect_right(_radicals(), at)
    return [
        other
        for other in map(chr, range(at - _NEAR, at + _NEAR + 1))
        if other in _common_set() and bisect_right(_radicals(), ord(other)) == radical
    ]


@cache
def _common_set() -> frozenset[str]:
    return frozenset(_common())
