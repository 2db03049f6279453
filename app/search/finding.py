"""Searching: from what was typed to a page of what may be opened.

The engine is handed in; what it finds is read again from the database by the policy's selects (`cards`).
"""

from __future__ import annotations

from dataclasses import replace

from app.search import facets, port
from app.search.abreast import abreast
from app.search.cards import read_hits
from app.search.cutting import cut_apart
from app.search.filling import fill
from app.search.highlighting import Marker
from app.search.language import Query, parse
from app.search.names import resolve
from app.search.readers import Searcher
from app.search.views import FoundTopic, SearchPage
from app.search.ways import did_you_mean, ways_on

PER_PAGE = 20
LAST_PAGE = 50
# What is hidden is looked for so often; each look finds a whole page more of it.
_LOOKS = 6


def find(engine: port.Engine, searcher: Searcher, text: str, *, page: int = 1) -> SearchPage:
    """Return a page of what a query finds for somebody. Never raises for what was typed; `away` while
    there is no index."""
    query = parse(text)
    if query.is_empty:
        return SearchPage(query)
    filters, query = resolve(searcher, query)
    page = min(max(page, 1), LAST_PAGE)
    request = replace(
        searcher.request(query.node, filters),
        sort=query.sort,
        offset=(page - 1) * PER_PAGE,
        limit=PER_PAGE,
        facets=True,
        facet_authors=searcher.open_directories,
    )
    try:
        return _settled(abreast(engine), searcher, query, request, page)
    except port.Broken:
        return SearchPage(query, away=True)


def _settled(
    engine: port.Engine, searcher: Searcher, query: Query, request: port.Request, page: int
) -> SearchPage:
    """Return a page of which nothing is hidden. Where the index does not know yet what was hidden a moment
    ago, the page is made again as if that were not in it: no gap, no total and no facet tells of it."""
    for _look_again in range(_LOOKS - 1):
        made, unseen = _look(engine, searcher, query, request, page)
        if not unseen:
            return made
        request = replace(request, unseen=request.unseen | unseen)
    made, _unseen = _look(engine, searcher, query, request, page)
    return made


def _look(
    engine: port.Engine, searcher: Searcher, query: Query, request: port.Request, page: int
) -> tuple[SearchPage, port.Unseen]:
    found = engine.search(request)
    asked = query if found.total else cut_apart(engine, request, query)
    if asked is not query:
        found = engine.search(replace(request, query=asked.node))
    if not found.total:
        return _come_near(engine, searcher, query, request, page)
    query = replace(query, hints=asked.hints)
    filled = fill(engine, replace(request, query=asked.node), asked.asked, found)
    opened = read_hits(searcher, filled.above, Marker(asked.terms))
    near = read_hits(searcher, filled.below, Marker(asked.terms, loose=True))
    hidden = len(filled.above) - len(opened.hits)
    made = _page(searcher, query, found, opened.hits, page=page, hidden=hidden)
    made = replace(made, near=near.hits, near_whole=filled.whole)
    return made, opened.unseen | near.unseen


def _come_near(
    engine: port.Engine, searcher: Searcher, query: Query, request: port.Request, page: int
) -> tuple[SearchPage, port.Unseen]:
    """Return what has some of the words, where nothing has all, and ways on."""
    meant = did_you_mean(engine, request, query)
    ways = ways_on(engine, searcher, query, request)
    found = port.Found()
    if query.terms:
        found = engine.search(replace(request, loose=True, sort=port.Sort.RELEVANCE))
    hits, unseen = read_hits(searcher, found.hits, Marker(query.terms, loose=found.total > 0))
    made = _page(searcher, query, found, hits, page=page, hidden=len(found.hits) - len(hits))
    made = replace(made, relaxed=found.total > 0, did_you_mean=meant, ways=ways)
    return made, unseen


def _page(
    searcher: Searcher,
    query: Query,
    found: port.Found,
    hits: tuple[FoundTopic, ...],
    *,
    page: int,
    hidden: int,
) -> SearchPage:
    """`hidden`: how many of the hits were hidden since they were indexed. They are not counted, and facets
    that count them are not shown."""
    return SearchPage(
        query=query,
        hits=hits,
        total=found.total - hidden,
        facets=() if hidden else facets.read(searcher, query, found.facets),
        page=page,
        pages=min(max(-(-found.total // PER_PAGE), 1), LAST_PAGE),
    )
