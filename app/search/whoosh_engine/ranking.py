"""From a query to the topics it finds, their scores and their best passages.

A word's weight in a passage is BM25's, counted among the passages that the reader may open, with more
for a word in the title. A topic gets half of what its passages reach together (each word where it
stands best) and half of what its best passage reaches alone; newer topics get a little more.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from app.search import port
from app.search.analysis import Place, Wanted, wanted
from app.search.port import Hit, Request, Spot
from app.search.whoosh_engine.matching import Lookup, Stood
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import PARTS, moment
from app.search.whoosh_engine.rights import Rights
from app.search.whoosh_engine.snapshot import Snapshot

_K1, _B = 1.2, 0.75
_TITLE = 2.0  # so much more weight has a word that stands in the title again and again
_FRESH = 0.1  # so much more has a topic of today
_YEAR = 365.25 * 86400 * 1e6
RAREST = 12  # of a question as many of the rarest pieces are looked up
_SPOTS = 3
_ROW = 32  # values of which the least is looked at first


class Leaf(NamedTuple):
    """Passages that the reader may open and in which one text of the query stands, with the places of their
    topics and with scores."""

    numbers: Array
    topics: Array
    scores: Array


class Ranking:
    """One search in one snapshot."""

    def __init__(self, snapshot: Snapshot, request: Request) -> None:
        self._snapshot = snapshot
        self._request = request
        self._rights = Rights(snapshot, request)
        self._lookup = Lookup(snapshot)
        self._known: dict[Wanted, Stood] = {}
        self._leaves: list[Leaf] = []
        self._many, self._usual_length = self._rights.size
        self._beside = _slot(snapshot, request.beside)
        found = self._loose() if request.loose else self._strict()
        self.slots = np.flatnonzero(found)  # the places of the topics that were found

    # --- which topics -------------------------------------------------------------------------------

    def _strict(self) -> Array:
        query = self._request.query
        found = self._true(query) & self._rights.topics
        return np.asarray(found) if _asks_for_words(query) else found & self._holding()

    def _true(self, node: port.Node) -> Array:
        """Return for each topic whether a part of the query is true of it."""
        count = len(self._snapshot.topics.id)
        match node:
            case port.Text():
                need = wanted(node)
                return np.zeros(count, bool) if need.empty else self._topics_with(need)
            case port.All():
                parts = [self._true(part) for part in node.parts]
                return np.asarray(np.logical_and.reduce([np.ones(count, bool), *parts]))
            case port.Either():
                parts = [self._true(part) for part in node.parts]
                return np.asarray(np.logical_or.reduce([np.zeros(count, bool), *parts]))
            case port.Without():
                return ~self._anywhere(node.part)

    def _topics_with(self, need: Wanted) -> Array:
        leaf = self._leaf(need)
        self._leaves.append(leaf)
        found = np.zeros(len(self._snapshot.topics.id), bool)
        found[leaf.topics] = True
        return found

    def _anywhere(self, node: port.Node) -> Array:
        """Return where a part of the query is true in any text the reader may open, whatever the filters."""
        count = len(self._snapshot.topics.id)
        match node:
            case port.Text():
                numbers = self._lookup.stood(wanted(node)).numbers
                found = np.zeros(count, bool)
                found[self._snapshot.topic[numbers[self._rights.passages(numbers)]]] = True
                return found
            case port.All():
                parts = [self._anywhere(part) for part in node.parts]
                return np.asarray(np.logical_and.reduce([np.ones(count, bool), *parts]))
            case port.Either():
                parts = [self._anywhere(part) for part in node.parts]
                return np.asarray(np.logical_or.reduce([np.zeros(count, bool), *parts]))
            case port.Without():
                return ~self._anywhere(node.part)

    def _holding(self) -> Array:
        """Return which topics have a passage at all that the filters of passages let pass."""
        found = np.zeros(len(self._snapshot.topics.id), bool)
        found[self._snapshot.topic[self._open_passages()]] = True
        return found

    def _open_passages(self) -> Array:
        numbers = np.arange(self._snapshot.size)
        numbers = numbers[self._rights.passages(numbers)]
        return np.asarray(numbers[self._rights.fitting(numbers)])

    def _loose(self) -> Array:
        """Find topics with some of the rarest pieces of the query, and without what must not be there. A word
        that stands there just as it was typed counts once more."""
        found = np.zeros(len(self._snapshot.topics.id), bool)
        for need in self._rarest():
            self._leaves.append(leaf := self._leaf(need))
            found[leaf.topics] = True
            if need.places and len(keys := need.places[0].keys) > 1:
                self._leaves.append(self._leaf(Wanted((Place(0, keys[:1]),), ())))
        if self._beside is not None:
            found[self._beside] = False
        for part in _excluded(self._request.query):
            found &= ~self._anywhere(part)
        return np.asarray(found & self._rights.topics)

    def _rarest(self) -> list[Wanted]:
        """Return the pieces of the query that stand in the fewest passages the reader may open. What he may
        not open is not counted: he would see by what is missing that it is there."""
        pieces: dict[Wanted, int] = {}
        for text in _texts(self._request.query):
            for need in _apart(wanted(text)):
                if need not in pieces:
                    pieces[need] = self._spread_elsewhere(need)
        known = [(spread, at, need) for at, (need, spread) in enumerate(pieces.items()) if spread]
        return [need for _spread, _at, need in heapq.nsmallest(RAREST, known)]

    def _spread_elsewhere(self, need: Wanted) -> int:
        """Return in how many passages the reader may open a piece stands; 0 if it stands in the topic alone
        whose like is looked for."""
        key, beside = _only_key(need), self._beside
        # How often it stands there matters for the rarest pieces alone.
        found = self._opened(need).numbers if key is None else self._lookup.numbers(key)
        open_ = self._rights.passages(found)
        if beside is not None and not (self._snapshot.topic[found[open_]] != beside).any():
            return 0
        return int(np.count_nonzero(open_))

    # --- how well -------------------------------------------------------------------------------------

    def _opened(self, need: Wanted) -> Stood:
        """Return the passages that the reader may open and in which something stands."""
        if need not in self._known:
            stood = self._lookup.stood(need)
            open_ = self._rights.passages(stood.numbers)
            self._known[need] = stood if open_.all() else stood.only(open_)
        return self._known[need]

    def _leaf(self, need: Wanted) -> Leaf:
        stood = self._opened(need)
        spread = len(stood.numbers)
        filters = self._request.filters
        if filters.where or filters.mine or filters.authors is not None:
            stood = stood.only(self._rights.fitting(stood.numbers, stood.titles > 0))
        topics = self._snapshot.topic[stood.numbers]
        return Leaf(stood.numbers, topics, self._weigh(stood, spread))

    def _weigh(self, stood: Stood, spread: int) -> Array:
        rarity = np.log(1 + (max(self._many - spread, 0) + 0.5) / (spread + 0.5))
        long = self._snapshot.length[stood.numbers] / self._usual_length
        weight = stood.counts * (_K1 + 1) / (stood.counts + _K1 * (1 - _B + _B * long))
        if stood.titles.any():
            weight += _TITLE * stood.titles / (stood.titles + 0.5)
        return np.asarray(rarity * weight, np.float32)

    def _scores(self) -> Array:
        """Return the score of each topic that was found, whatever its age."""
        best = np.zeros(len(self._snapshot.topics.id), np.float32)
        if len(self._leaves) == 1:
            np.maximum.at(best, self._leaves[0].topics, self._leaves[0].scores)
            return np.asarray(best[self.slots])
        together = best.copy()
        alone = np.zeros(self._snapshot.size, np.float32)
        for leaf in self._leaves:
            # Of all the places only those of its topics are touched.
            np.maximum.at(best, leaf.topics, leaf.scores)
            together[leaf.topics] = together[leaf.topics] + best[leaf.topics]
            best[leaf.topics] = 0
            alone[leaf.numbers] += leaf.scores
        for leaf in self._leaves:
            np.maximum.at(best, leaf.topics, alone[leaf.numbers])
        return np.asarray((together[self.slots] + best[self.slots]) / 2)

    def _fresh(self, slots: Array) -> Array:
        """Return by how much newer topics are preferred."""
        age = self._snapshot.topics.published[slots] - moment(self._request.now)
        return np.asarray(1 + _FRESH * np.minimum(np.exp2(age / _YEAR), 1), np.float32)

    # --- the page -------------------------------------------------------------------------------------

    def page(self) -> tuple[Hit, ...]:
        """Return the hits of the page that was asked for."""
        request, topics = self._request, self._snapshot.topics
        most = request.offset + request.limit
        if request.sort is port.Sort.RELEVANCE and self._leaves:
            slots, scores = self._best_first(most)
        else:
            ranks = topics.newest[self.slots]
            slots = self.slots[_least(ranks, most)]
            slots = slots[np.argsort(topics.newest[slots])]
            scores = np.zeros(len(slots), np.float32)
        slots, scores = slots[request.offset : most], scores[request.offset : most]
        spots = self._spots(slots)
        return tuple(
            Hit(
                int(topics.id[slot]),
                int(topics.planets[topics.planet[slot]]),
                float(score),
                spots[int(slot)],
            )
            for slot, score in zip(slots, scores, strict=True)
        )

    def _best_first(self, most: int) -> tuple[Array, Array]:
        """Return the first of the topics that were found, so many at least if there are, and their scores."""
        slots, scores = self.slots, self._scores()
        if len(slots) > most > 0:
            # Being new makes so much of a difference at most: of all others the age need not be known.
            near = np.flatnonzero(scores >= -_reached(-scores, most) / (1 + 2 * _FRESH))
            slots, scores = slots[near], scores[near]
        scores = scores * self._fresh(slots)
        ranks = self._snapshot.topics.newest[slots]
        if len(slots) > most > 0:
            kept = _greatest(scores, ranks, most)
            slots, scores, ranks = slots[kept], scores[kept], ranks[kept]
        order = np.lexsort((ranks, -scores))
        return slots[order], scores[order]

    def _spots(self, slots: Array) -> dict[int, tuple[Spot, ...]]:
        """Return the best passages of each of some topics."""
        snapshot = self._snapshot
        wanted_here = np.zeros(len(snapshot.topics.id), bool)
        wanted_here[slots] = True
        found: dict[int, dict[int, float]] = {int(slot): {} for slot in slots}
        leaves = self._leaves
        if not leaves and len(slots):
            numbers = self._open_passages()
            leaves = [Leaf(numbers, snapshot.topic[numbers], np.zeros(len(numbers), np.float32))]
        for leaf in leaves:
            here = np.flatnonzero(wanted_here[leaf.topics])
            columns = (column[here].tolist() for column in leaf)
            for number, slot, score in zip(*columns, strict=True):
                held = found[slot]
                held[number] = held.get(number, 0.0) + score
        return {slot: self._best(held) for slot, held in found.items()}

    def _best(self, held: dict[int, float]) -> tuple[Spot, ...]:
        snapshot = self._snapshot
        ordered = [
            (-score, int(snapshot.part[number]), snapshot.row(number))
            for number, score in held.items()
        ]
        best = heapq.nsmallest(_SPOTS, ordered)
        return tuple(Spot(PARTS[part], row, -score) for score, part, row in best)


def _least(values: Array, most: int) -> Array:
    """Return which are among the least so many."""
    if not 0 < most < len(values):
        return np.ones(len(values), bool)
    few = values[values <= _reached(values, most)]
    return np.asarray(values <= np.partition(few, most - 1)[most - 1])


def _reached(values: Array, most: int) -> Any:
    """Return what so many of more values do not exceed; close to the largest of the least. Of a row of values
    only the least is looked at."""
    rows = len(values) // _ROW
    if rows <= most:
        return np.partition(values, most - 1)[most - 1]
    heads = values[: rows * _ROW].reshape(_ROW, rows).min(axis=0)
    return np.partition(heads, most - 1)[most - 1]


def _greatest(scores: Array, ranks: Array, most: int) -> Array:
    """Return which may be among the first so many, of more: by score, then from the newest."""
    least = np.partition(scores, len(scores) - most)[len(scores) - most]
    better, equal = scores > least, scores == least
    missing = most - int(better.sum())
    if int(equal.sum()) > missing > 0:
        equal[np.flatnonzero(equal)[~_least(ranks[equal], missing)]] = False
    return np.asarray(better | equal)


def _texts(node: port.Node) -> Iterator[port.Text]:
    """Return all texts of a query that are to be found."""
    if isinstance(node, port.Text):
        yield node
    elif isinstance(node, port.All | port.Either):
        for part in node.parts:
            yield from _texts(part)


def _excluded(node: port.Node) -> Iterator[port.Node]:
    """Return what must not be there, whatever else is."""
    if isinstance(node, port.Without):
        yield node.part
    elif isinstance(node, port.All):
        for part in node.parts:
            yield from _excluded(part)


def _apart(need: Wanted) -> Iterator[Wanted]:
    """Return the pieces of what a text needs, each by itself."""
    for place in need.places:
        yield Wanted((Place(0, place.keys, place.prefix),), ())
    for key in need.anywhere:
        yield Wanted((), (key,))


def _only_key(need: Wanted) -> str | None:
    """Return the key by which alone something is found, None if there are more or a prefix."""
    if need.instead or any(place.prefix for place in need.places):
        return None
    keys = [*need.anywhere, *(key for place in need.places for key in place.keys)]
    return keys[0] if len(keys) == 1 else None


def _slot(snapshot: Snapshot, topic_id: int) -> int | None:
    """Return the place of a topic in the columns, None if it is not there."""
    slot = int(snapshot.topics.slots(np.array([topic_id]))[0])
    return slot if slot >= 0 else None


def _asks_for_words(node: port.Node) -> bool:
    """Whether a topic that answers the query has a passage with one of its words."""
    match node:
        case port.Text():
            return True
        case port.All():
            return any(_asks_for_words(part) for part in node.parts)
        case port.Either():
            return bool(node.parts) and all(_asks_for_words(part) for part in node.parts)
        case port.Without():
            return False
