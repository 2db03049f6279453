"""Where the words of a query stand in a text, and the piece of a long text that shows most of them.

Returns segments, never HTML: pages escape and mark them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from app.search.language import Word
from app.search.views import Segment, Snippet

SNIPPET = 150
_SPACE = re.compile(r"\s+")
Span = tuple[int, int]


def mark(text: str, words: Iterable[Word]) -> Snippet:
    """Return the whole text with the words marked."""
    return _cut(text, _spans(text, words), 0, len(text))


def snippet(text: str, words: Iterable[Word], *, length: int = SNIPPET) -> Snippet:
    """Return a piece of the text on one line, where most of the words stand; its beginning when none
    does. An ellipsis tells where something is left out."""
    text = _SPACE.sub(" ", text).strip()
    spans = _spans(text, words)
    start = _best_start(spans, length)
    if start + length > len(text):
        start = max(0, len(text) - length)
    end = min(len(text), start + length)
    piece = _cut(text, spans, start, end)
    before = (Segment("…"),) if start > 0 else ()
    after = (Segment("…"),) if end < len(text) else ()
    return (*before, *piece, *after)


def _best_start(spans: Sequence[Span], length: int) -> int:
    """Return where a window holds the most of different marked text, with some room before it."""
    best, best_start = 0, 0
    for at, (start, _end) in enumerate(spans):
        inside = [span for span in spans[at : at + 20] if span[1] <= start + length * 3 // 4]
        weight = sum(end - begin for begin, end in inside)
        if weight > best:
            best, best_start = weight, start
    return max(0, best_start - length // 5)


def _cut(text: str, spans: Sequence[Span], start: int, end: int) -> Snippet:
    pieces: list[Segment] = []
    at = start
    for begin, finish in spans:
        begin, finish = max(begin, at), min(finish, end)
        if begin >= finish:
            continue
        if begin > at:
            pieces.append(Segment(text[at:begin]))
        pieces.append(Segment(text[begin:finish], marked=True))
        at = finish
    if at < end:
        pieces.append(Segment(text[at:end]))
    return tuple(pieces)


def _spans(text: str, words: Iterable[Word]) -> list[Span]:
    """Return where the words stand, in order, without overlaps."""
    folded, places = _folded(text)
    found: list[Span] = []
    for word in words:
        wanted = _folded(word.text)[0].strip()
        at = folded.find(wanted) if wanted else -1
        while at >= 0:
            found.append((places[at], places[at + len(wanted) - 1] + 1))
            at = folded.find(wanted, at + len(wanted))
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the text as words are compared, and from where in it each character comes."""
    out: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        folded = unicodedata.normalize("NFKC", char).casefold()
        out.append(folded)
        places += [at] * len(folded)
    return "".join(out), places
