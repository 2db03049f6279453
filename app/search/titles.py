"""Words of titles, for search as you type: pieces of Chinese of two to four characters and words, each by
itself and by its pinyin.

Only the writer loads pinyin's tables (40 MB of memory): it is asked for them when it makes a page.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from app.search import analysis
from app.search.folding import fold

WORD, PINYIN = "t", "y"
SHORTEST, LONGEST = 2, 4


@cache
def _pinyin() -> Any:
    """Return pypinyin. Loaded where it is needed: most processes never write."""
    return importlib.import_module("pypinyin")


@lru_cache(maxsize=2_000)
def _syllables(chinese: str) -> tuple[str, ...]:
    return tuple(_pinyin().lazy_pinyin(chinese))


def words(title: str) -> Iterator[tuple[str, str]]:
    """Return the words of a title, each with its pinyin ("" if it has none)."""
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
        syllables = ("",) * len(run)
    for start in range(len(run) - SHORTEST + 1):
        for end in range(start + SHORTEST, min(start + LONGEST, len(run)) + 1):
            yield run[start:end], "".join(syllables[start:end])


def keys(title: str) -> set[str]:
    """Return the keys by which a title's words are found."""
    found = set()
    for word, sound in words(title):
        found.add(WORD + word)
        if sound:
            found.add(f"{PINYIN}{sound} {word}")
    return found
