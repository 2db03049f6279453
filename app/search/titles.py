"""Words as people write them, for search as you type: of titles, tags and names, each by itself and by its
pinyin. And pieces of Chinese of two to four characters by their sound, for who types pinyin.

Chinese is written without spaces. What stands between marks, spaces and words that join others (`的`,
`怎么`) is taken as a word as long as it is short, so no scraps are offered (`束讨论` of `结束讨论`).

Pinyin's table of characters (12 MB; that of phrases would be 46 more) is loaded where it is needed: by the
writer, and by a process that was asked for a Chinese word that nobody wrote. A character read in several
ways (重, 行) is found by either of its first two.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice, product
from typing import Any

from app.search.analysis import CHINESE
from app.search.folding import fold

# What keys begin with: a word, a word by its pinyin, a piece by its whole pinyin, a name, and that by pinyin.
WORD, PINYIN, SOUND, NAME, NAME_PINYIN = "t", "y", "z", "n", "m"
SHORTEST, LONGEST_PIECE, LONGEST, LONGEST_LINE = 2, 4, 6, 10  # Chinese characters
LONGEST_NAME = 40
READINGS, SOUNDS = 2, 4  # of a character and of a piece so many ways to read it are kept
_BETWEEN = re.compile(r"[\s，。！？；：、（）《》〈〉【】「」『』“”‘’…—～·|/\\()\[\]{}<>,;!?\"]+")
_EDGE = re.compile(r"^[^\w]+|[^\w+#]+$")
_RUN = re.compile(rf"[{CHINESE}]+|[^{CHINESE}]+")
_IS_CHINESE = re.compile(rf"[{CHINESE}]+")
_JOINING = re.compile(
    "的|吗|呢|吧|怎么样|怎么办|怎么|怎样|如何|什么|为什么|为何|是否|能否|哪些|哪个|哪里|多少|请问|请教|关于|对于|以及|还有"
    "|因为|所以|如果|而是|就是|不再|然后|并且|虽然|但是|而且|或者|还是|可以|应该|能不能|要不要|有没有|是不是|会不会|没有|不是|一个|一下|一些"
    "|我们|你们|他们|大家|自己|这个|那个|这些|那些"
)


@cache
def _pinyin() -> Any:
    """Return pypinyin. Loaded where it is needed: most processes never write."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    return importlib.import_module("pypinyin")


@lru_cache(maxsize=2_000)
def _syllables(chinese: str) -> tuple[tuple[str, ...], ...]:
    """Return the readings of each character; kana and hangul have none."""
    pinyin = _pinyin()
    found = pinyin.pinyin(chinese, style=pinyin.Style.NORMAL, heteronym=True)
    if len(found) != len(chinese):
        return (("",),) * len(chinese)
    return tuple(tuple(readings[:READINGS]) for readings in found)


def sounds_of(character: str) -> tuple[str, ...]:
    """Return the readings of one Chinese character, without tones; none of what has none."""
    return tuple(filter(None, _syllables(character)[0]))


def sounds(chinese: str) -> Iterator[str]:
    """Return the ways in which a piece of Chinese is read."""
    for sounds in islice(product(*_syllables(chinese)), SOUNDS):
        if all(sounds):
            yield "".join(sounds)


def is_chinese(word: str) -> bool:
    """Whether a word has Chinese characters alone."""
    return _IS_CHINESE.fullmatch(word) is not None


def words(title: str) -> Iterator[str]:
    """Return the words of a title and of its tags (a line each) as they are written."""
    for line in title.split("\n"):
        for piece in _BETWEEN.split(line):
            token = _EDGE.sub("", piece)
            # What is a line of its own is a tag or a title: whole in any case.
            if token == line:
                yield from _fitting(token, LONGEST_LINE)
            elif not _JOINING.search(token):
                yield from _fitting(token)
            for run in _RUN.findall(token):
                parts = _JOINING.split(run) if _IS_CHINESE.match(run) else [_EDGE.sub("", run)]
                for word in parts:
                    yield from _fitting(word)


def _fitting(word: str, longest: int = LONGEST) -> Iterator[str]:
    chinese = sum(map(len, _IS_CHINESE.findall(word)))
    if SHORTEST <= len(word) <= LONGEST_NAME and chinese <= longest:
        yield word


def keys(title: str, name: str = "") -> set[str]:
    """Return the keys by which the words of a title are found, and the name of who wrote under it."""
    found = {key for word in words(title) for key in _keys(word, WORD, PINYIN)}
    if 0 < len(name) <= LONGEST_NAME:
        found.update(_keys(name, NAME, NAME_PINYIN))
    for run in _IS_CHINESE.findall(fold(title).text):
        for start in range(len(run) - SHORTEST + 1):
            for end in range(start + SHORTEST, min(start + LONGEST_PIECE, len(run)) + 1):
                piece = run[start:end]
                found.update(f"{SOUND}{sound} {piece}" for sound in sounds(piece))
    return found


def _keys(word: str, plain: str, spoken: str) -> Iterator[str]:
    """Return a word's key: what is typed for it without spaces, and behind a space the word."""
    folded = fold(word).text
    typed = "".join(folded.split())
    if not typed:
        return
    yield f"{plain}{typed} {word}"
    if _IS_CHINESE.fullmatch(typed):
        for sound in sounds(typed):
            yield f"{spoken}{sound} {word}"
