"""Where the words of a query stand in a text, and the piece of a long text that shows most of them.

Returns segments, never HTML: pages escape and mark them. It means what `analysis` means, but looks with
patterns over the folded text: cutting whole texts into units would cost more than the search itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.search.analysis import Atom, atoms, stem, units, without_hyphens
from app.search.folding import Folded, fold
from app.search.language import Word
from app.search.plain import Line, lined
from app.search.views import Segment, Snippet

SNIPPET = 150
_SIGNS = re.compile(r"[^\w\s]+|_+")
# Letters of words that are written with spaces between.
_LETTERS = r"a-z\u00df-\u024f\u0370-\u052f"
_BLANKS = r"[ \t\u00a0]*"
_ANYTHING = r"[\W_]*"
_LINE_END = r"(?:[ \t]*\r?\n[ \t]*)?"  # Chinese is broken anywhere
# No piece of a text begins with what ends the words before it.
_ENDING = re.compile(r"[\s，。、；：！？…）】》〉”’」』),.;:!?\]]{0,6}")
# How far a text is cut into units where no pattern found anything (parts of `getUserName`).
_CLOSELY = 2_000
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern over folded text. `stems`: what the stems of its groups must be."""

    expression: re.Pattern[str]
    stems: tuple[str, ...] = ()

    def spans(self, folded: str) -> Iterator[Span]:
        """Return where it stands."""
        if not self.stems:
            yield from (found.span() for found in self.expression.finditer(folded))
            return
        at = 0
        while found := self.expression.search(folded, at):
            if all(
                stem(word) == root for word, root in zip(found.groups(), self.stems, strict=True)
            ):
                yield found.span()
                at = max(found.end(), found.start() + 1)
            else:
                at = found.start() + 1


class Marker:
    """Marks the words of one query in any number of texts."""

    def __init__(self, words: Iterable[Word], *, loose: bool = False) -> None:
        """Prepare for these words; `loose` marks their pairs of characters too, one by one."""
        self._patterns: list[_Pattern] = []
        self._tokens: set[str] = set()
        for word in words:
            folded = fold(word.text).text
            row = list(atoms(folded))
            joined = without_hyphens(row, folded)
            for piece in (*(_pieces(row) if loose else [row]), *([joined] if joined else ())):
                self._patterns.append(_pattern(piece, word))
            self._tokens |= {atom.token for atom in row if not atom.chinese}

    def mark(self, text: str) -> Snippet:
        """Return the whole text with the words marked."""
        return _cut(text, self._spans(text, fold(text)), 0, len(text))

    def matched(self, text: str) -> Snippet:
        """Return the whole text with the words marked, () if none stands there."""
        marked = self.mark(text)
        return marked if any(piece.marked for piece in marked) else ()

    def snippet(self, text: str, *, length: int = SNIPPET) -> Snippet:
        """Return a piece of the text on one line, where most of the words stand; its beginning when none
        does. An ellipsis tells where something is left out."""
        return self.piece(lined(text), length=length)

    def piece(self, line: Line, *, length: int = SNIPPET) -> Snippet:
        """Return the same of a text that is made ready."""
        text = line.text
        spans = self._spans(text, line.folded)
        start = _best_start(spans, length)
        if start + length > len(text):
            # Not the whole way back: pages show three lines, and the words would stand behind them.
            start = max(0, len(text) - length, start - length // 5)
        if start > 0 and (ending := _ENDING.match(text, start)):
            start = ending.end()
        end = min(len(text), start + length)
        before = (Segment("…"),) if start > 0 else ()
        after = (Segment("…"),) if end < len(text) else ()
        pieces = _cut(text.replace("\n", " "), spans, start, end)
        return (*before, *pieces, *after)

    def around(self, text: str, *, length: int) -> str:
        """Return some lines of a long text around where most of the words stand, "" if none does."""
        spans = self._spans(text, fold(text))
        if not spans:
            return ""
        start = _best_start(spans, SNIPPET)
        first = text.rfind("\n", 0, max(0, start - length // 2)) + 1
        last = text.find("\n", start + length // 2)
        return text[first : last if last >= 0 else len(text)][: 4 * length]

    def _spans(self, text: str, folded: Folded) -> list[Span]:
        found = [
            (folded.starts[start], folded.ends[end - 1])
            for pattern in self._patterns
            for start, end in pattern.spans(folded.text)
        ]
        if not found and self._may_stand(folded.text):
            closely = units(text[:_CLOSELY])
            found = [(unit.start, unit.end) for unit in closely if unit.token in self._tokens]
        return _merged(found)

    def _may_stand(self, folded: str) -> bool:
        """Whether cutting the text into units may show a word, also one that is written with signs in it
        (e-mail, 1,299): looking for it is cheaper than cutting."""
        together = _SIGNS.sub("", folded[:_CLOSELY])
        return any(token in folded or token in together for token in self._tokens)


def _pieces(row: Sequence[Atom]) -> Iterator[Sequence[Atom]]:
    """Return words one by one, Chinese in pairs."""
    for at, atom in enumerate(row):
        if not atom.chinese:
            yield [atom]
        elif at + 1 < len(row) and row[at + 1].chinese and row[at + 1].joined:
            yield row[at : at + 2]
        elif len(row) == 1:
            yield row


def _pattern(row: Sequence[Atom], word: Word) -> _Pattern:
    written: list[str] = []
    stems: list[str] = []
    for at, atom in enumerate(row):
        if at:
            chinese = atom.chinese or row[at - 1].chinese
            both = atom.chinese and row[at - 1].chinese
            written.append(_LINE_END if both else _BLANKS if chinese else _ANYTHING)
        if atom.chinese:
            written.append(re.escape(atom.token))
            continue
        goes_on = word.prefix and at == len(row) - 1
        expression, root = _of_word(atom.token, exact=word.exact, goes_on=goes_on)
        written.append(expression)
        stems += root
    return _Pattern(re.compile("".join(written) or r"(?!)"), tuple(stems))


def _of_word(token: str, *, exact: bool, goes_on: bool) -> tuple[str, list[str]]:
    """Return the expression for a word or a number, and its stem if that is to be compared."""
    if token.isdigit():
        return rf"(?<!\d){token}" + ("" if goes_on else r"(?!\d)"), []
    begins = rf"(?<![{_LETTERS}])"
    if goes_on:
        return rf"{begins}{re.escape(token)}[{_LETTERS}]*", []
    root = stem(token)
    if exact or not token.isascii() or not token.isalpha() or len(root) < 3:
        return rf"{begins}{re.escape(token)}(?![{_LETTERS}])", []
    # `happy` has the stem `happi`: the last letter of a stem may be another one in the word.
    return rf"{begins}({re.escape(root[:-1])}[a-z']*)", [root]


def _merged(spans: list[Span]) -> list[Span]:
    """Return spans in order, those that touch joined."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _best_start(spans: Sequence[Span], length: int) -> int:
    """Return where a window holds the most marked text, with some room before it."""
    best, best_start = 0, 0
    for at, (start, _end) in enumerate(spans[:50]):
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
