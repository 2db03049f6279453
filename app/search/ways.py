"""Ways on from a search that found nothing: another spelling, fewer words, fewer filters, more planets.

Each is tried before it is offered, with the reader's rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.search import port
from app.search.cutting import total
from app.search.language import Filter, OneOf, Query, Word
from app.search.names import resolve
from app.search.readers import Searcher
from app.search.titles import is_chinese
from app.search.views import Way

_MOST_WORDS = 4
_SHORTEST = 3


def did_you_mean(engine: port.Engine, request: port.Request, query: Query) -> str:
    """Return a query that finds something and differs in the spelling of words that nobody wrote; "" if
    there is none. A word may also be the pinyin of one."""
    corrected = query
    for word in query.terms[:_MOST_WORDS]:
        if other := _other_spelling(engine, request, word):
            corrected = corrected.with_word(word, Word(other))
    if corrected is query or not total(engine, replace(request, query=corrected.node)):
        return ""
    return corrected.text


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
        yield "everywhere", query, wider.request(query.node, filters)


def _other_spelling(engine: port.Engine, request: port.Request, word: Word) -> str:
    latin = word.text.isascii() and word.text.isalpha() and len(word.text) >= _SHORTEST
    if not (latin or is_chinese(word.text)) or word.exact or word.prefix:
        return ""
    anywhere = replace(request, query=port.Text(word.text), filters=port.Filters())
    if total(engine, anywhere):
        return ""
    everything = replace(anywhere, query=port.All(()))
    if not latin:
        return next(iter(engine.near(word.text, everything, limit=1)), "")
    spoken = [one for one in engine.words(word.text, everything, limit=1) if not one.isascii()]
    return next(iter(spoken or engine.near(word.text, everything, limit=1)), "")
