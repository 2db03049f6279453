"""From the engine's hits to what pages show: every one is read again by the policy's own selects.

So what the index still holds of something hidden or deleted since is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.discussion.queries.found import (
    ReadableText,
    ReadableTopic,
    find_answers,
    find_comments,
    find_topics,
)
from app.kernel.text import excerpt, plain_text
from app.planets.queries import PlanetView
from app.search.highlighting import Marker
from app.search.plain import KEPT
from app.search.port import Hit, Part, Spot
from app.search.readers import Searcher
from app.search.views import FoundPassage, FoundTopic, PlanetName, Segment, Snippet

_TITLE = 60
# Of longer texts only what stands around the words is made plain: they would fill what is kept.
_LONG = 4_000


def read_hits(searcher: Searcher, hits: Sequence[Hit], marker: Marker) -> tuple[FoundTopic, ...]:
    """Return what the searcher may open of the hits, in their order: three queries for each planet."""
    actors = searcher.actors_in(hit.planet_id for hit in hits)
    topics = find_topics(actors, [hit.topic_id for hit in hits])
    texts = {
        Part.ANSWER: find_answers(actors, _rows(hits, Part.ANSWER)),
        Part.COMMENT: find_comments(actors, _rows(hits, Part.COMMENT)),
    }
    found = []
    for hit in hits:
        topic = topics.get(hit.topic_id)
        if topic is None:
            continue
        passages = (_passage(spot, topic, texts, marker) for spot in hit.spots)
        planet = searcher.places[hit.planet_id][0]
        shown = tuple(passage for passage in passages if passage is not None)
        found.append(_card(searcher, topic, planet, marker, shown))
    return tuple(found)


def name_planet(planet: PlanetView) -> PlanetName:
    """Return a planet as results name it."""
    return PlanetName(planet.id, planet.slug, planet.name, planet.accent, planet.avatar)


def title_of(topic: ReadableTopic, marker: Marker) -> Snippet:
    """Return what a topic is called, marked: its title or the beginning of its text."""
    called = topic.title or excerpt(topic.source, _TITLE)
    return marker.mark(called) if called else ()


def _rows(hits: Sequence[Hit], part: Part) -> list[int]:
    return [spot.row_id for hit in hits for spot in hit.spots if spot.part is part]


def _card(
    searcher: Searcher,
    topic: ReadableTopic,
    planet: PlanetView,
    marker: Marker,
    passages: tuple[FoundPassage, ...],
) -> FoundTopic:
    facts = topic.facts
    return FoundTopic(
        topic_id=topic.id,
        public_id=topic.public_id,
        slug=topic.slug,
        kind=facts.kind,
        title=title_of(topic, marker),
        planet=name_planet(planet),
        author=topic.author,
        published_at=facts.published_at,
        scheduled=facts.published_at > searcher.now,
        state=topic.state,
        private=facts.private,
        digest=topic.digest,
        images=topic.images,
        files=topic.files,
        comments=topic.comments,
        passages=passages,
    )


def _passage(
    spot: Spot,
    topic: ReadableTopic,
    texts: dict[Part, dict[int, ReadableText]],
    marker: Marker,
) -> FoundPassage | None:
    if spot.part is Part.TOPIC:
        if not topic.source:
            return None
        piece = _snippet(topic.source, marker)
        return FoundPassage(spot.part, "", topic.author, topic.facts.published_at, piece)
    text = texts[spot.part].get(spot.row_id)
    if text is None:
        return None
    return FoundPassage(
        spot.part, text.public_id, text.author, text.at, _snippet(text.source, marker)
    )


def _snippet(source: str, marker: Marker) -> tuple[Segment, ...]:
    if len(source) > _LONG:
        around = marker.around(source, length=_LONG // 4)
        return marker.snippet(plain_text(around) if around else KEPT.of(source))
    return marker.snippet(KEPT.of(source))
