"""Help beside searching: look-alikes for who asks, related topics, suggestions while typing.

All of it obeys the reader's rights as searching does, and is empty while there is no index.
"""

from __future__ import annotations

from dataclasses import replace

from app.discussion.queries.found import ReadableTopic, find_topics
from app.kernel.text import clean, plain_text
from app.search import port
from app.search.abreast import abreast
from app.search.cards import name_planet, title_of
from app.search.highlighting import Marker
from app.search.language import MAX_WORDS, Filter, Word, parse
from app.search.likeness import Likeness
from app.search.names import readable_authors, readable_tags
from app.search.operators import fold
from app.search.past import list_past
from app.search.readers import Searcher
from app.search.views import LookAlike, Suggestion

LOOK_ALIKES = 5
_LOOKED_AT = 10
# A question says at its beginning what it is about; more of it costs time and adds noise.
_READ = 200
_EACH = 4  # suggestions of each kind
_LOOKS = 3


def look_alikes(
    engine: port.Engine, searcher: Searcher, draft: str, *, limit: int = LOOK_ALIKES
) -> tuple[LookAlike, ...]:
    """Return answered questions that are like what somebody is about to ask, the most alike first."""
    words = _as_words(plain_text(draft[: 4 * _READ]))
    filters = port.Filters(kinds=frozenset({"question"}), answered=True)
    found = _topics_like(engine, searcher, words, filters)
    like = Likeness(" ".join(words))
    return _shown(searcher, words, [one for one in found if like.holds(_said(one))][:limit])


def related(
    engine: port.Engine, searcher: Searcher, *, topic_id: int, text: str, limit: int = LOOK_ALIKES
) -> tuple[LookAlike, ...]:
    """Return topics that are like this one. `text` is its title and the beginning of its text."""
    words = _as_words(text)
    found = _topics_like(engine, searcher, words, beside=topic_id)
    like = Likeness(" ".join(words))
    return _shown(searcher, words, [one for one in found if like.touches(_said(one))][:limit])


def _topics_like(
    engine: port.Engine,
    searcher: Searcher,
    words: list[str],
    filters: port.Filters | None = None,
    *,
    beside: int = 0,
) -> list[ReadableTopic]:
    """Return the readable topics that have the most in common with words."""
    if not words:
        return []
    node = port.All(tuple(map(port.Text, words)))
    filters = replace(filters or port.Filters(), undeleted=True)
    request = replace(searcher.request(node, filters), loose=True, beside=beside, limit=_LOOKED_AT)
    try:
        return _opened(abreast(engine), searcher, request)
    except port.Broken:
        return []


def _opened(engine: port.Engine, searcher: Searcher, request: port.Request) -> list[ReadableTopic]:
    """Return the topics that a request finds and the searcher may open. What was hidden since it was indexed
    takes no place of others."""
    for _look_again in range(_LOOKS):
        hits = engine.search(request).hits
        there = searcher.actors_in(hit.planet_id for hit in hits)
        topics = find_topics(there, [hit.topic_id for hit in hits])
        open_ = [topics[hit.topic_id] for hit in hits if hit.topic_id in topics]
        shown = [topic for topic in open_ if not topic.facts.deleted]
        if len(shown) == len(hits):
            break
        gone = {hit.topic_id for hit in hits} - {topic.id for topic in shown}
        request = replace(request, unseen=request.unseen | port.Unseen(frozenset(gone)))
    return shown


def _said(topic: ReadableTopic) -> str:
    return f"{topic.title}\n{topic.source}"


def _shown(
    searcher: Searcher, words: list[str], topics: list[ReadableTopic]
) -> tuple[LookAlike, ...]:
    marker = Marker(map(Word, words), loose=True)
    return tuple(_look_alike(searcher, topic, marker) for topic in topics)


def _as_words(text: str) -> list[str]:
    """Return the pieces of a text between spaces and marks."""
    pieces = "".join(char if char.isalnum() else " " for char in text[:_READ]).split()
    return pieces[:MAX_WORDS]


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
    """Return what may be meant by the beginning of a search: my own past searches, tags, words of titles and
    names of authors (by their pinyin too), and topics whose title goes on like this."""
    beginning = " ".join(clean(typed).split())
    if not beginning:
        return ()
    made = _past(searcher, beginning)
    try:
        engine = abreast(engine)
        words = _words(engine, searcher, beginning)
        made += _tags(searcher, beginning, words) + words + _names(engine, searcher, beginning)
        made += _topics(engine, searcher, beginning)
    except port.Broken:
        return tuple(made)
    by_what_they_are = {one.public_id or fold(one.query): one for one in reversed(made)}
    return tuple(one for one in made if one in by_what_they_are.values())


def _past(searcher: Searcher, beginning: str) -> list[Suggestion]:
    if searcher.user_id is None:
        return []
    begun = fold(beginning)
    past = (one.words for one in list_past(searcher.user_id))
    found = [words for words in past if fold(words).startswith(begun)]
    return [Suggestion("past", words, words) for words in found[:_EACH]]


def _tags(searcher: Searcher, beginning: str, words: list[Suggestion]) -> list[Suggestion]:
    """Return tags of readable topics that begin like this, or are a word that does."""
    if " " in beginning:
        return []
    keys = [fold(word.text) for word in words]
    names = readable_tags(searcher, fold(beginning), keys, limit=_EACH)
    return [Suggestion("tag", name, str(Filter("tag", name))) for name in names]


def _words(engine: port.Engine, searcher: Searcher, beginning: str) -> list[Suggestion]:
    """Complete the last word; what stands before it stays."""
    before, _space, last = beginning.rpartition(" ")
    request = searcher.request(parse(before).node)
    found = engine.words(last, request, limit=_EACH)
    whole = [f"{before} {word}".strip() for word in found]
    return [Suggestion("word", text, text) for text in whole]


def _names(engine: port.Engine, searcher: Searcher, beginning: str) -> list[Suggestion]:
    """Return authors whose name begins like this, as what stands before it with a filter."""
    before, _space, last = beginning.rpartition(" ")
    found = engine.names(last, searcher.request(port.All(())), limit=_EACH)
    return [
        Suggestion("name", name, f"{before} {Filter('from', name)}".strip())
        for name in readable_authors(searcher, found)
    ]


def _topics(engine: port.Engine, searcher: Searcher, beginning: str) -> list[Suggestion]:
    items = parse(beginning).items
    words = [item for item in items if isinstance(item, Word) and not item.excluded]
    if not words or len(words) < len(items):
        return []
    parts = [port.Text(word.text, exact=word.exact) for word in words[:-1]]
    node = port.All((*parts, port.Text(words[-1].text, prefix=True)))
    titles = port.Filters(where=frozenset({port.Where.TITLE}))
    topics = _opened(engine, searcher, replace(searcher.request(node, titles), limit=_EACH))
    return [
        Suggestion(
            kind="topic",
            text=topic.title,
            public_id=topic.public_id,
            slug=topic.slug,
            planet=name_planet(searcher.places[topic.facts.planet_id][0]),
        )
        for topic in topics
        if topic.title
    ]
