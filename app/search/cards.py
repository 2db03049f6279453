"""From the engine's hits to what pages show: every one is read again by the policy's own selects.

So what the index still holds of something hidden or deleted since is shown to nobody; it is told, so that
the search can be made again without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.discussion.queries.authors import Author
from app.discussion.queries.found import (
    ReadableText,
    ReadableTopic,
    find_answers,
    find_comments,
    find_topics,
)
from app.kernel.text import excerpt, plain_text
from app.media.queries import list_attachments
from app.planets.queries import PlanetView
from app.search.highlighting import Marker
from app.search.plain import KEPT
from app.search.port import Hit, Part, Spot, Unseen
from app.search.readers import Searcher
from app.search.views import FoundPassage, FoundTopic, Names, PlanetName, Segment, Snippet

_TITLE = 60
# Of longer texts only what stands around the words is made plain: they would fill what is kept.
_LONG = 4_000


class Opened(NamedTuple):
    """The hits that may be opened, and what of them may not any more."""

    hits: tuple[FoundTopic, ...] = ()
    unseen: Unseen = Unseen()


def read_hits(searcher: Searcher, hits: Sequence[Hit], marker: Marker) -> Opened:
    """Return what the searcher may open of the hits, in their order: three queries for each planet."""
    actors = searcher.actors_in(hit.planet_id for hit in hits)
    topics = find_topics(actors, [hit.topic_id for hit in hits])
    texts = {
        Part.ANSWER: find_answers(actors, _rows(hits, Part.ANSWER)),
        Part.COMMENT: find_comments(actors, _rows(hits, Part.COMMENT)),
    }
    files = {
        Part.TOPIC: _files("topic", [one.id for one in topics.values() if one.files]),
        Part.ANSWER: _files("answer", list(texts[Part.ANSWER])),
    }
    naming = _Naming(files, marker)
    found: list[FoundTopic] = []
    unseen = Unseen()
    for hit in hits:
        topic = topics.get(hit.topic_id)
        if topic is None:
            unseen |= Unseen(topics=frozenset({hit.topic_id}))
            continue
        closed = frozenset(
            (spot.part, spot.row_id) for spot in hit.spots if not _may_open(spot, topic, texts)
        )
        unseen |= Unseen(texts=closed)
        if topic.facts.deleted and closed:
            # Its own words are in the index still, and it may have been found by them.
            continue
        passages = (_passage(spot, topic, texts, naming) for spot in hit.spots)
        planet = searcher.places[hit.planet_id][0]
        shown = tuple(passage for passage in passages if passage is not None)
        found.append(_card(searcher, topic, planet, naming, shown))
    return Opened(tuple(found), unseen)


def _may_open(
    spot: Spot, topic: ReadableTopic, texts: Mapping[Part, Mapping[int, ReadableText]]
) -> bool:
    return topic.readable if spot.part is Part.TOPIC else spot.row_id in texts[spot.part]


def name_planet(planet: PlanetView) -> PlanetName:
    """Return a planet as results name it."""
    return PlanetName(planet.id, planet.slug, planet.name, planet.accent, planet.avatar)


def title_of(topic: ReadableTopic, marker: Marker) -> Snippet:
    """Return what a topic is called, marked: its title or the beginning of its text."""
    called = topic.title or excerpt(topic.source, _TITLE)
    return marker.mark(called) if called else ()


def _rows(hits: Sequence[Hit], part: Part) -> list[int]:
    return [spot.row_id for hit in hits for spot in hit.spots if spot.part is part]


def _files(owner: str, ids: list[int]) -> dict[int, list[str]]:
    """Return the names of files by what they are attached to; of what may be read. Pictures have none."""
    held = list_attachments(owner, ids) if ids else {}
    return {at: [one.filename for one in some if not one.is_image] for at, some in held.items()}


@dataclass(frozen=True, slots=True)
class _Naming:
    """Finds the names that the words of a query stand in."""

    files: Mapping[Part, Mapping[int, list[str]]]
    marker: Marker
    # Who wrote one of the texts often wrote several.
    met: dict[str, Snippet] = field(default_factory=dict)

    def of(self, part: Part, row_id: int, author: Author | None) -> Names:
        """Return those of one text that may be read."""
        files = map(self.marker.matched, self.files.get(part, {}).get(row_id, ()))
        name = author.name if author else ""
        if name not in self.met:
            self.met[name] = self.marker.matched(name)
        return Names(tuple(filter(None, files)), self.met[name])


def _card(
    searcher: Searcher,
    topic: ReadableTopic,
    planet: PlanetView,
    naming: _Naming,
    passages: tuple[FoundPassage, ...],
) -> FoundTopic:
    facts = topic.facts
    return FoundTopic(
        topic_id=topic.id,
        public_id=topic.public_id,
        slug=topic.slug,
        kind=facts.kind,
        title=title_of(topic, naming.marker),
        planet=name_planet(planet),
        author=topic.author,
        published_at=facts.published_at,
        scheduled=facts.published_at > searcher.now,
        state="" if facts.deleted else topic.state,
        private=facts.private,
        digest=topic.digest,
        images=topic.images,
        files=topic.files,
        comments=topic.comments,
        deleted=facts.deleted,
        names=naming.of(Part.TOPIC, topic.id, topic.author),
        passages=passages,
    )


def _passage(
    spot: Spot,
    topic: ReadableTopic,
    texts: dict[Part, dict[int, ReadableText]],
    naming: _Naming,
) -> FoundPassage | None:
    marker = naming.marker
    if spot.part is Part.TOPIC:
        if not topic.source:
            return None
        piece = _snippet(topic.source, marker)
        return FoundPassage(spot.part, "", topic.author, topic.facts.published_at, piece)
    text = texts[spot.part].get(spot.row_id)
    if text is None:
        return None
    return FoundPassage(
        spot.part,
        text.public_id,
        text.author,
        text.at,
        _snippet(text.source, marker),
        naming.of(spot.part, text.id, text.author),
    )


def _snippet(source: str, marker: Marker) -> tuple[Segment, ...]:
    if len(source) > _LONG:
        around = marker.around(source, length=_LONG // 4)
        if around:
            return marker.snippet(plain_text(around))
    return marker.piece(KEPT.of(source))
