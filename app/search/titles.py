"""Words of titles, for search as you type: pieces of Chinese of two to four characters and words, each by
itself and by its pinyin.

Only the writer loads pinyin's table of characters (12 MB; that of phrases would be 46 more): it is asked for
it when it makes a page. A character read in several ways (重, 行) is found by either of its first two.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice, product
from typing import Any

from app.search import analysis
from app.search.folding import fold

WORD, PINYIN = "t", "y"
SHORTEST, LONGEST = 2, 4
READINGS, SOUNDS = 2, 4  # of a character and of a piece so many ways to read it are kept


@cache
def _pinyin() -> Any:
    """Return pypinyin. Loaded where it is needed: most processes never write."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    return importlib.import_module("pypinyin")


@lru_cache(maxsize=2_000)
def _syllables(chinese: str) -> tuple[tuple[str, ...], ...]:
    """Return the readings of each character."""
    pinyin = _pinyin()
    found = pinyin.pinyin(chinese, style=pinyin.Style.NORMAL, heteronym=True)
    return tuple(tuple(readings[:READINGS]) for readings in found)


def words(title: str) -> Iterator[tuple[str, str]]:
    """Return the words of a title, each with its pinyin ("" if it has none), once for each way to read it."""
    run = ""
    for atom in analysis.atoms(fold(title).text):
        if atom.chinese and (atom.joined or not run):
            run += atom.token
            continue
        yield from _pieces(run)
        run = atom.token if atom.chinese else ""
        if not atom.chinese and len(atom.token) >= SHORTEST:
            yield atom.token, ""
    yield from _pieces(run)


def _pieces(run: str) -> Iterator[tuple[str, str]]:
    if len(run) < SHORTEST:
        return
    syllables = _syllables(run)
    if len(syllables) != len(run):  # kana and hangul have none
        syllables = (("",),) * len(run)
    for start in range(len(run) - SHORTEST + 1):
        for end in range(start + SHORTEST, min(start + LONGEST, len(run)) + 1):
            for sounds in islice(product(*syllables[start:end]), SOUNDS):
                yield run[start:end], "".join(sounds)


def keys(title: str) -> set[str]:
    """Return the keys by which a title's words are found."""
    found = set()
    for word, sound in words(title):
        found.add(WORD + word)
        if sound:
            found.add(f"{PINYIN}{sound} {word}")
    return found
