"""Ways on from a search that found nothing: another spelling, fewer words, fewer filters, more planets.

Each is tried before it is offered, with the reader's rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.search import port
from app.search.cutting import cut_apart, total
from app.search.language import Filter, OneOf, Query, Word
from app.search.names import resolve
from app.search.readers import Searcher
from app.search.titles import is_chinese
from app.search.views import Way

_MOST_WORDS = 4
_SHORTEST = 3
_SHORTEST_PIECE, _LONGEST_ROW = 2, 12  # Chinese characters


def did_you_mean(engine: port.Engine, request: port.Request, query: Query) -> str:
    """Return a query that finds something and differs in the spelling of words that nobody wrote; "" if
    there is none. A word may also be the pinyin of one."""
    corrected = query
    for word in query.terms[:_MOST_WORDS]:
        if other := _other_spelling(engine, request, word):
            corrected = corrected.with_word(word, Word(other))
    if corrected is query:
        return ""
    finds = total(engine, replace(request, query=corrected.node))
    if not finds:
        # Run together: the page that the offer leads to cuts it apart.
        cut = cut_apart(engine, request, corrected)
        finds = total(engine, replace(request, query=cut.node)) if cut is not corrected else 0
    return corrected.text if finds else ""


def ways_on(
    engine: port.Engine, searcher: Searcher, query: Query, request: port.Request
) -> tuple[Way, ...]:
    """Return the ways that find something."""
    made = [
        Way(kind, other.text, total(engine, changed))
        for kind, other, changed in _tried(searcher, query, request)
    ]
    return tuple(way for way in made if way.total)


def _tried(
    searcher: Searcher, query: Query, request: port.Request
) -> Iterator[tuple[str, Query, port.Request]]:
    words = [item for item in query.items if isinstance(item, Word | OneOf)]
    telling = [word for word in words if query.without_word(word).node != query.node]
    if len(telling) > 1:
        for word in telling[:_MOST_WORDS]:
            fewer = query.without_word(word)
            if fewer.terms:
                yield "without_word", fewer, replace(request, query=fewer.node)
    filtered = any(isinstance(item, Filter) and item.name != "sort" for item in query.items)
    if filtered and words:
        bare = Query(tuple(words))
        yield "without_filters", bare, replace(request, filters=port.Filters())
    wider = searcher.wider()
    if wider is not None:
        filters, _hints = resolve(wider, query)
        wide = replace(wider.request(query.node, filters), unseen=request.unseen)
        yield "everywhere", query, wide


def _other_spelling(engine: port.Engine, request: port.Request, word: Word) -> str:
    latin = word.text.isascii() and word.text.isalpha() and len(word.text) >= _SHORTEST
    if not (latin or is_chinese(word.text)) or word.exact or word.prefix:
        return ""
    anywhere = replace(request, query=port.Text(word.text), filters=port.Filters())
    if total(engine, anywhere):
        return ""
    everything = replace(anywhere, query=port.All(()))
    if not latin:
        return _near(engine, everything, word.text) or _run_together(engine, everything, word.text)
    spoken = [one for one in engine.words(word.text, everything, limit=1) if not one.isascii()]
    return next(iter(spoken), "") or _near(engine, everything, word.text)


def _near(engine: port.Engine, everything: port.Request, text: str) -> str:
    return next(iter(engine.near(text, everything, limit=1)), "")


def _run_together(engine: port.Engine, everything: port.Request, chinese: str) -> str:
    """Return two words that were typed as one, of which one was misspelt, with that one put right."""

    def known(text: str) -> bool:
        return total(engine, replace(everything, query=port.Text(text))) > 0

    for at in range(_SHORTEST_PIECE, min(len(chinese), _LONGEST_ROW) - _SHORTEST_PIECE + 1):
        one, other = chinese[:at], chinese[at:]
        if known(chinese[at - 1 : at + 1]):
            continue
        if known(other) and (near := _near(engine, everything, one)):
            return near + other
        if known(one) and (near := _near(engine, everything, other)):
            return one + near
    return ""
