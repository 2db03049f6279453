"""Chinese that was typed run together (睡眠注意力) is cut between two characters that stand side by side in
nothing that the reader may open."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from app.search import port
from app.search.analysis import Atom, atoms
from app.search.folding import Folded, fold
from app.search.language import Hint, Item, Query, Trouble, Word

# Each pair of neighbours is a search of its own, so longer rows are left to the loose search.
_LONGEST = 12
_MOST_WORDS = 3


def total(engine: port.Engine, request: port.Request) -> int:
    """Return how many topics a request finds with all its words. Raises Broken."""
    counting = replace(request, offset=0, limit=0, facets=False, loose=False)
    return engine.search(counting).total


def as_meant(engine: port.Engine, request: port.Request, query: Query) -> Query:
    """Return the query as the page asks it: with its words cut apart where the request finds nothing. Raises
    Broken."""
    return query if total(engine, request) else cut_apart(engine, request, query)


def cut_apart(engine: port.Engine, request: port.Request, query: Query) -> Query:
    """Return the query with its words cut where their pairs are unknown to the reader, and a hint for each
    that was; the same query where there is nothing to cut. Raises Broken."""
    items: list[Item] = []
    hints: list[Hint] = []
    looked_at = query.terms[:_MOST_WORDS]
    for item in query.items:
        if not isinstance(item, Word) or item not in looked_at:
            items.append(item)
            continue
        pieces = _cut(engine, request, item)
        items += pieces
        if len(pieces) > 1:
            hints.append(Hint(Trouble.RUN_TOGETHER, item.text, " ".join(map(str, pieces))))
    return Query(tuple(items), query.hints).hinting(*hints) if hints else query


def _cut(engine: port.Engine, request: port.Request, word: Word) -> list[Word]:
    """Return the pieces of a word, as they were typed; the word itself where it stays whole."""
    folded = fold(word.text)
    row = list(atoms(folded.text))
    chinese = any(atom.chinese for atom in row)
    if word.exact or not chinese or not 2 < len(row) <= _LONGEST:
        return [word]
    anywhere = replace(request, filters=port.Filters())
    whole = port.Text(word.text, prefix=word.prefix)
    if total(engine, replace(anywhere, query=whole)):
        return [word]
    pieces: list[list[Atom]] = [[row[0]]]
    for one, other in pairwise(row):
        if _goes_on(engine, anywhere, _typed(word.text, folded, [one, other]), one, other):
            pieces[-1].append(other)
        else:
            pieces.append([other])
    if len(pieces) == 1 or _crumbles(pieces):
        return [word]
    *before, last = (_typed(word.text, folded, piece) for piece in pieces)
    return [*map(Word, before), Word(last, prefix=word.prefix)]


def _goes_on(
    engine: port.Engine, anywhere: port.Request, pair: str, one: Atom, other: Atom
) -> bool:
    """Whether two neighbours stay together: a pair that the reader may read, or words of letters."""
    if not (one.chinese or other.chinese):
        return True
    return other.joined and total(engine, replace(anywhere, query=port.Text(pair))) > 0


def _crumbles(pieces: list[list[Atom]]) -> bool:
    """Whether single characters would be left side by side: a word that is misspelt, not two words."""
    single = [len(piece) == 1 and piece[0].chinese for piece in pieces]
    return any(one and other for one, other in pairwise(single))


def _typed(text: str, folded: Folded, row: list[Atom]) -> str:
    return text[folded.starts[row[0].start] : folded.ends[row[-1].end - 1]]
