"""Texts as many as are wanted, of words as unevenly frequent as those of a language: how does searching grow?

The word of rank r is said 1/(r + 2.7) times as often as the first; there are 500,000, half of them Chinese
words of two or three characters, half of Latin letters. So, as in real texts, most words stand in few of them
however many there are. The texts are the same in each run, and those of a smaller number are the first of a
larger one.
"""

from __future__ import annotations

import numpy as np

from bench.search_texts import Corpus

WORDS = 500_000
FEW, MANY = 30_000, 300_000
_SHORTEST, _LONGEST = 20, 60  # words of a text
_CHARACTERS = 3_500
_FIRST = 0x4E00
_SYLLABLES = [one + other for one in "bcdfghklmnprstvwz" for other in "aeiou"]


def make(many: int) -> Corpus:
    """Return so many texts."""
    words = _words()
    shares = np.cumsum(1 / (np.arange(WORDS) + 2.7))
    rng = np.random.default_rng(5)
    lengths = rng.integers(_SHORTEST, _LONGEST, many)
    texts = []
    for length in lengths.tolist():
        chosen = np.searchsorted(shares, rng.random(length) * shares[-1])
        texts.append(("", _said([words[at] for at in chosen.tolist()])))
    return Corpus(texts, tuple(words[6:20]))


def _words() -> list[str]:
    """Return the words in the order of how frequent they are, Chinese and others by turns."""
    rng = np.random.default_rng(3)
    often = np.cumsum(1 / (np.arange(_CHARACTERS) + 20))
    found: dict[str, None] = {}
    while len(found) < WORDS:
        size = int(rng.integers(2, 4))
        if len(found) % 2:
            chosen = rng.integers(0, len(_SYLLABLES), size + 1)
            found["".join(_SYLLABLES[at] for at in chosen.tolist())] = None
        else:
            chosen = np.searchsorted(often, rng.random(size) * often[-1])
            found["".join(chr(_FIRST + at) for at in chosen.tolist())] = None
    return list(found)


def _said(words: list[str]) -> str:
    """Return words as a text: a comma after each dozen, blanks between those of Latin letters."""
    pieces = []
    for at, word in enumerate(words):
        blank = at and word.isascii() and words[at - 1].isascii()
        pieces.append(f" {word}" if blank else f"，{word}" if at % 12 == 0 and at else word)
    return "".join(pieces) + "。"
