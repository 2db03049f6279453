"""Help beside searching: look-alikes for who asks, related topics, suggestions while typing.

All of it obeys the reader's rights as searching does, and is empty while there is no index.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from app.discussion.queries.found import ReadableTopic, find_topics
from app.kernel.db import db
from app.kernel.text import plain_text
from app.search import port
from app.search.cards import name_planet, title_of
from app.search.highlighting import Marker
from app.search.language import Word, parse
from app.search.models import PastSearch
from app.search.operators import fold
from app.search.readers import Searcher
from app.search.views import LookAlike, Suggestion

LOOK_ALIKES = 5
# A question says at its beginning what it is about; more of it costs time and adds noise.
_READ = 200
_SUGGESTED = 8


def look_alikes(
    engine: port.Engine, searcher: Searcher, draft: str, *, limit: int = LOOK_ALIKES
) -> tuple[LookAlike, ...]:
    """Return answered questions that are like what somebody is about to ask, the most alike first."""
    filters = port.Filters(kinds=frozenset({"question"}), answered=True)
    return _alike(engine, searcher, plain_text(draft[: 4 * _READ]), filters, limit, skip=0)


def related(
    engine: port.Engine, searcher: Searcher, *, topic_id: int, text: str, limit: int = LOOK_ALIKES
) -> tuple[LookAlike, ...]:
    """Return topics that are like this one. `text` is its title and the beginning of its text."""
    return _alike(engine, searcher, text, port.Filters(), limit, skip=topic_id)


def _alike(
    engine: port.Engine,
    searcher: Searcher,
    text: str,
    filters: port.Filters,
    limit: int,
    *,
    skip: int,
) -> tuple[LookAlike, ...]:
    words = tuple(Word(piece) for piece in parse(_as_words(text)).words.split())
    if not words:
        return ()
    node = port.All(tuple(port.Text(word.text) for word in words))
    request = replace(searcher.request(node, filters), loose=True, limit=limit + bool(skip))
    try:
        found = engine.search(request)
    except port.Broken:
        return ()
    hits = [hit.topic_id for hit in found.hits if hit.topic_id != skip][:limit]
    topics = find_topics(searcher.actors, hits)
    return tuple(
        _look_alike(searcher, topics[id_], Marker(words, loose=True))
        for id_ in hits
        if id_ in topics
    )


def _as_words(text: str) -> str:
    """The text without what the query language would read in it."""
    return " ".join("".join(char if char.isalnum() else " " for char in text[:_READ]).split())


def _look_alike(searcher: Searcher, topic: ReadableTopic, marker: Marker) -> LookAlike:
    return LookAlike(
        public_id=topic.public_id,
        slug=topic.slug,
        planet=name_planet(searcher.places[topic.facts.planet_id][0]),
        kind=topic.facts.kind,
        title=title_of(topic, marker),
        state=topic.state,
        published_at=topic.facts.published_at,
    )


def suggest(engine: port.Engine, searcher: Searcher, typed: str) -> tuple[Suggestion, ...]:
    """Return what may be meant by the beginning of a search: my own past searches, words of titles and
    tags (by their pinyin too), and topics whose title goes on like this."""
    beginning = " ".join(typed.split())
    if not beginning:
        return ()
    made = _past(searcher, beginning)
    try:
        made += _words(engine, searcher, beginning) + _topics(engine, searcher, beginning)
    except port.Broken:
        return tuple(made)
    seen: set[str] = set()
    kept = []
    for one in made:
        key = one.public_id or fold(one.query)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return tuple(kept)


def _past(searcher: Searcher, beginning: str) -> list[Suggestion]:
    if searcher.user_id is None:
        return []
    latest = (
        select(PastSearch.words)
        .where(PastSearch.user_id == searcher.user_id)
        .order_by(PastSearch.at.desc(), PastSearch.id.desc())
    )
    begun = fold(beginning)
    found = [words for words in db.session.scalars(latest) if fold(words).startswith(begun)]
    return [Suggestion("past", words, words) for words in found[:3]]


def _words(engine: port.Engine, searcher: Searcher, beginning: str) -> list[Suggestion]:
    """Complete the last word; what stands before it stays."""
    before, _space, last = beginning.rpartition(" ")
    request = searcher.request(parse(before).node)
    found = engine.words(last, request, limit=_SUGGESTED // 2)
    return [
        Suggestion("word", text, text) for text in (f"{before} {word}".strip() for word in found)
    ]


def _topics(engine: port.Engine, searcher: Searcher, beginning: str) -> list[Suggestion]:
    query = parse(beginning)
    words = query.terms
    if not words or query.node != port.All(tuple(port.Text(word.text) for word in words)):
        return []
    parts = [port.Text(word.text) for word in words[:-1]]
    node = port.All((*parts, port.Text(words[-1].text, prefix=True)))
    titles = port.Filters(where=frozenset({port.Where.TITLE}))
    found = engine.search(replace(searcher.request(node, titles), limit=_SUGGESTED // 2))
    topics = find_topics(searcher.actors, [hit.topic_id for hit in found.hits])
    return [
        Suggestion(
            kind="topic",
            text=topic.title,
            public_id=topic.public_id,
            slug=topic.slug,
            planet=name_planet(searcher.places[topic.facts.planet_id][0]),
        )
        for topic in (topics[hit.topic_id] for hit in found.hits if hit.topic_id in topics)
        if topic.title
    ]
