"""What changed between two texts: by lines first, then by words within the lines that differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import takewhile

Part = tuple[str, str]
"""("same" | "ins" | "del", text)"""

# A Latin word, a number, or one sign of anything else: Chinese is written without spaces.
_TOKENS = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.S)
# Above this many pairs the words of a block are not compared: the work grows with the product.
_MAX_PAIRS = 400_000


def diff_texts(old: str, new: str) -> list[Part]:
    """Return the parts that turn `old` into `new`, in reading order; equal neighbours are joined."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return _joined(_by_lines(before, after))


def _by_lines(before: list[str], after: list[str]) -> Iterator[Part]:
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            yield "same", "".join(before[a:b])
        else:
            yield from _by_words("".join(before[a:b]), "".join(after[c:d]))


def _by_words(old: str, new: str) -> Iterator[Part]:
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    yield "same", "".join(before[:head])
    yield from _between(before[head : len(before) - tail], after[head : len(after) - tail])
    yield "same", "".join(before[len(before) - tail :])


def _common(before: list[str], after: list[str]) -> int:
    """Return how many tokens both begin with."""
    pairs = zip(before, after, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _between(before: list[str], after: list[str]) -> Iterator[Part]:
    if len(before) * len(after) > _MAX_PAIRS:
        yield "del", "".join(before)
        yield "ins", "".join(after)
        return
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            yield "same", "".join(before[a:b])
        else:
            yield "del", "".join(before[a:b])
            yield "ins", "".join(after[c:d])


def _joined(parts: Iterable[Part]) -> list[Part]:
    joined: list[Part] = []
    for op, text in parts:
        if not text:
            continue
        if joined and joined[-1][0] == op:
            joined[-1] = (op, joined[-1][1] + text)
        else:
            joined.append((op, text))
    return joined
