"""An engine that looks at everything, in memory: what the others must find, without any index.

What words mean is said by `analysis.stands`, text by text; rights are decided from the facts, topic by
topic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from copy import copy
from datetime import UTC
from difflib import get_close_matches
from functools import lru_cache

from pypinyin import lazy_pinyin

from app.search import analysis, port
from app.search.folding import fold
from app.search.port import Part, Where

Fields = tuple[str, str, str]
_RUN = re.compile(r"[\u4e00-\u9fff]+|[^\W\u4e00-\u9fff]+")


@lru_cache(maxsize=10_000)
def analysed(title: str, names: str, body: str) -> dict[str, list[int]]:
    """Return the units of a passage with their places."""
    return analysis.passage(title, names, body).places


@lru_cache(maxsize=10_000)
def wanted(text: port.Text) -> analysis.Wanted:
    """Return what a text of a query needs."""
    return analysis.wanted(text)


def stands_in(text: port.Text, fields: Fields) -> bool:
    """Whether words stand together in one of the fields of a passage."""
    return analysis.stands(wanted(text), analysed(*fields))


def may_read(reader: port.Reader, facts: port.TopicFacts, now: object) -> bool:
    """`policy.reading.topic_read`, said of what the index knows."""
    mine = reader.user_id is not None and reader.user_id == facts.writer_id
    if facts.isolated and not mine:
        return False
    if facts.published_at > now:
        return reader.inside and (mine or reader.staff) and not facts.deleted
    if facts.sample and not facts.private and not facts.deleted:
        return True
    if reader.own and mine and facts.kind == "question":
        return True
    if reader.since is not None and facts.published_at < reader.since:
        return False
    if not reader.inside and (reader.until is None or facts.published_at > reader.until):
        return False
    if facts.kind != "question" or mine or reader.staff:
        return True
    if reader.user_id is not None and facts.addressee_id == reader.user_id:
        return True
    waits = reader.queue_open and not facts.declined and not facts.withdrawn
    return not facts.private and (facts.answered or waits)


def may_read_passage(reader: port.Reader, facts: port.TopicFacts, passage: port.Passage) -> bool:
    """Whether a text of a readable topic is readable."""
    me = reader.user_id
    if passage.part is Part.TOPIC and facts.deleted:
        return False
    if passage.part is Part.TOPIC and facts.withdrawn:
        parties = me is not None and me in (facts.writer_id, facts.addressee_id)
        if not (parties or reader.staff):
            return False
    return not passage.isolated or (me is not None and passage.writer_id == me)


class MemoryEngine:
    """The reference: see the module."""

    name = "memory"

    def __init__(self) -> None:
        self.topics: dict[int, port.TopicFacts] = {}
        self.passages: dict[int, dict[tuple[Part, int], port.Passage]] = {}
        self.at = 0
        self.building: MemoryRebuild | None = None

    def cursor(self) -> int:
        return self.at

    def apply(self, entries: Sequence[port.Entry], *, cursor: int) -> None:
        for entry in entries:
            if entry.facts is None:
                self.topics.pop(entry.topic_id, None)
                self.passages.pop(entry.topic_id, None)
                continue
            self.topics[entry.topic_id] = entry.facts
            held = self.passages.setdefault(entry.topic_id, {})
            for key in entry.gone:
                held.pop(key, None)
            for passage in entry.passages:
                held[passage.part, passage.row_id] = passage
        self.at = cursor

    def now(self) -> MemoryEngine:
        still = copy(self)
        still.topics = dict(self.topics)
        still.passages = {topic_id: dict(held) for topic_id, held in self.passages.items()}
        return still

    def ahead(self, key: Hashable, load: Callable[[], Sequence[port.Entry]]) -> MemoryEngine:
        still = self.now()
        MemoryEngine.apply(still, load(), cursor=self.at)
        return still

    def search(self, request: port.Request) -> port.Found:
        found = list(self._matches(request))
        if request.sort is port.Sort.NEW:
            found.sort(key=lambda item: (self.topics[item[0]].published_at, item[0]), reverse=True)
        else:
            found.sort(key=lambda item: (-item[1], -item[0]))
        page = found[request.offset : request.offset + request.limit]
        hits = tuple(
            port.Hit(topic_id, self.topics[topic_id].planet_id, score, spots)
            for topic_id, score, spots in page
        )
        counts = self._count(request, [item[0] for item in found])
        return port.Found(hits, len(found), counts if request.facets else port.Facets())

    def _matches(self, request: port.Request) -> Iterator[tuple[int, float, tuple[port.Spot, ...]]]:
        for topic_id, facts in self.topics.items():
            reader = request.readers.get(facts.planet_id)
            if reader is None or not may_read(reader, facts, request.now):
                continue
            if topic_id == request.beside or not topic_fits(request.filters, facts):
                continue
            if topic_id in request.unseen.topics:
                continue
            texts = [
                passage
                for passage in self.passages.get(topic_id, {}).values()
                if may_read_passage(reader, facts, passage)
                and (passage.part, passage.row_id) not in request.unseen.texts
            ]
            if holds(request, reader, texts):
                spots = tuple(spots_of(request, reader, texts))
                yield topic_id, sum(spot.score for spot in spots), spots[:3]

    def _count(self, request: port.Request, topic_ids: list[int]) -> port.Facets:
        facts = [self.topics[topic_id] for topic_id in topic_ids]
        authors = Counter(
            (one.planet_id, one.author_id)
            for one in facts
            if one.author_id is not None and one.planet_id in request.facet_authors
        )
        return port.Facets(
            planets=Counter(one.planet_id for one in facts),
            kinds=Counter(one.kind for one in facts),
            years=Counter(one.published_at.astimezone(UTC).year for one in facts),
            authors=authors,
        )

    def words(self, prefix: str, request: port.Request, *, limit: int) -> list[str]:
        begun = fold(prefix).text
        found: Counter[str] = Counter()
        for passage in self._readable(request):
            for piece in pieces(fold(passage.title).text):
                spoken = "".join(lazy_pinyin(piece))
                if piece.startswith(begun) or (begun.isascii() and spoken.startswith(begun)):
                    found[piece] += 1
        return sorted(found, key=lambda word: (-found[word], len(word), word))[:limit]

    def names(self, prefix: str, request: port.Request, *, limit: int) -> list[str]:
        found = Counter(
            passage.names.rpartition("\n")[2]
            for passage in self._readable(request)
            if passage.author_id is not None
        )
        begun = [name for name in found if name and fold(name).text.startswith(fold(prefix).text)]
        return sorted(begun, key=lambda name: (-found[name], name))[:limit]

    def near(self, word: str, request: port.Request, *, limit: int) -> list[str]:
        known = {
            run
            for passage in self._readable(request)
            for run in _RUN.findall(fold(f"{passage.title} {passage.body}").text)
            if run.isascii()
        }
        return get_close_matches(fold(word).text, known - {word}, n=limit, cutoff=0.75)

    def _readable(self, request: port.Request) -> Iterator[port.Passage]:
        for topic_id, facts in self.topics.items():
            reader = request.readers.get(facts.planet_id)
            if reader is None or not may_read(reader, facts, request.now):
                continue
            for passage in self.passages[topic_id].values():
                if may_read_passage(reader, facts, passage):
                    yield passage

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        ids = sorted(topic_id for topic_id in self.topics if topic_id > after)[:limit]
        return [(id_, repr((self.topics[id_], sorted_texts(self.passages[id_])))) for id_ in ids]

    def check(self) -> None:
        """See `port.Engine`."""

    def sample(self, seconds: float) -> None:
        """See `port.Engine`."""

    def suspect(self) -> str | None:
        """See `port.Engine`."""
        return None

    def trust(self) -> None:
        """See `port.Engine`."""

    def begin_rebuild(self, *, cursor: int) -> MemoryRebuild:
        if self.building is None:
            self.building = MemoryRebuild(self, cursor)
        return self.building

    def tidy(self) -> None:
        """Nothing is left behind."""

    def stats(self) -> port.Stats:
        passages = sum(map(len, self.passages.values()))
        return port.Stats(self.name, passages, len(self.topics), 0, self.at, "1")


class MemoryRebuild:
    """An index beside the one in use."""

    def __init__(self, engine: MemoryEngine, cursor: int) -> None:
        self.engine, self.beside, self.goal = engine, MemoryEngine(), cursor
        self.done_upto = 0

    def add(self, entries: Sequence[port.Entry], *, upto: int) -> None:
        self.beside.apply(entries, cursor=self.goal)
        self.done_upto = upto

    def finish(self) -> None:
        self.engine.topics, self.engine.passages = self.beside.topics, self.beside.passages
        self.engine.at, self.engine.building = self.goal, None

    def abandon(self) -> None:
        self.engine.building = None


def sorted_texts(texts: dict[tuple[Part, int], port.Passage]) -> list[port.Passage]:
    """Return a topic's texts in an order that says nothing of when they came."""
    return [texts[key] for key in sorted(texts)]


def pieces(title: str) -> Iterator[str]:
    """Return words, and pieces of two to four Chinese characters."""
    for run in _RUN.findall(title):
        if run.isascii():
            yield run
        else:
            for start in range(len(run) - 1):
                yield from {run[start : start + length] for length in (2, 3, 4)}


def topic_fits(filters: port.Filters, facts: port.TopicFacts) -> bool:
    """Whether the filters of topics let one pass."""
    return all(
        (
            filters.planet_ids is None or facts.planet_id in filters.planet_ids,
            filters.kinds is None or facts.kind in filters.kinds,
            filters.tag_ids is None or bool(filters.tag_ids & set(facts.tag_ids)),
            filters.topic_ids is None or facts.topic_id in filters.topic_ids,
            filters.starters is None or (facts.planet_id, facts.author_id) in filters.starters,
            filters.answered is None
            or (facts.kind == "question" and facts.answered == filters.answered),
            filters.digest is None or facts.digest == filters.digest,
            facts.has_image or not filters.has_image,
            facts.has_file or not filters.has_file,
            not (facts.deleted and filters.undeleted),
            filters.since is None or facts.published_at >= filters.since,
            filters.until is None or facts.published_at < filters.until,
        )
    )


def fields_of(filters: port.Filters, reader: port.Reader, passage: port.Passage) -> Fields | None:
    """Return title, names and body of a passage as far as words count in them by the filters of passages;
    None where none does."""
    pair = (reader.planet_id, passage.author_id)
    if filters.authors is not None and pair not in filters.authors:
        return None
    if filters.mine and (reader.user_id is None or passage.writer_id != reader.user_id):
        return None
    whole = (passage.title, passage.names, passage.body)
    if not filters.where:
        return whole
    if passage.part is Part.TOPIC:
        titled = Where.TITLE in filters.where and passage.title
        return (passage.title, "", "") if titled else None
    where = {Part.ANSWER: Where.ANSWERS, Part.COMMENT: Where.COMMENTS}[passage.part]
    return whole if where in filters.where else None


def holds(request: port.Request, reader: port.Reader, texts: list[port.Passage]) -> bool:
    """Whether a topic with these readable texts answers the query."""
    fitting = [
        fields
        for passage in texts
        if (fields := fields_of(request.filters, reader, passage)) is not None
    ]
    if not fitting:
        return False
    if request.loose:
        pieces = loose_keys(request.query)
        return any(pieces & analysed(*fields).keys() for fields in fitting)

    def stands(text: port.Text) -> bool:
        return any(stands_in(text, fields) for fields in fitting)

    def stands_anywhere(text: port.Text) -> bool:
        return any(stands_in(text, (p.title, p.names, p.body)) for p in texts)

    return _true(request.query, stands, stands_anywhere)


def standing(text: port.Text, fields: Fields) -> list[int]:
    """Return where words begin in a passage in which they stand together; their unit's first places."""
    if not stands_in(text, fields):
        return []
    places = analysed(*fields)
    need = wanted(text)
    keys = [key for place in need.places[:1] for key in place.keys] + list(need.anywhere)
    return [at for key in keys for at in places.get(key, ())] or [0]


def _true(
    node: port.Node, stands: Callable[[port.Text], bool], anywhere: Callable[[port.Text], bool]
) -> bool:
    match node:
        case port.Text():
            return stands(node)
        case port.All():
            return all(_true(part, stands, anywhere) for part in node.parts)
        case port.Either():
            return any(_true(part, stands, anywhere) for part in node.parts)
        case port.Without():
            return not _true(node.part, anywhere, anywhere)


def loose_keys(node: port.Node) -> set[str]:
    """Return the units of all words that are wanted."""
    return {
        key
        for text in wanted_texts(node)
        for keys in (wanted(text).anywhere, *(place.keys for place in wanted(text).places))
        for key in keys
    }


def wanted_texts(node: port.Node) -> Iterator[port.Text]:
    """Return all words of a query that are to be found."""
    if isinstance(node, port.Text):
        yield node
    elif isinstance(node, port.All | port.Either):
        for part in node.parts:
            yield from wanted_texts(part)


def spots_of(
    request: port.Request, reader: port.Reader, texts: list[port.Passage]
) -> list[port.Spot]:
    """Return the passages in which words of the query stand, the most words first."""
    words = list(wanted_texts(request.query))
    spots = []
    for passage in texts:
        fields = fields_of(request.filters, reader, passage)
        if fields is None:
            continue
        if request.loose:
            score = len(loose_keys(request.query) & analysed(*fields).keys())
        else:
            score = sum(map(len, (standing(one, fields) for one in words)))
        titled = any(stands_in(one, (passage.title, "", "")) for one in words)
        if score or not words:
            spots.append(port.Spot(passage.part, passage.row_id, score + 100.0 * titled))
    return sorted(spots, key=lambda spot: -spot.score)
