"""Which topics and passages a request may find, as arrays: `policy.reading` said once more, for all at once.

`tests/search/test_nothing_leaks.py` compares it with the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from operator import itemgetter

import numpy as np

from app.search.port import Part, Reader, Request, Unseen, Where
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import NOBODY, PARTS, among, moment, passage_key
from app.search.whoosh_engine.snapshot import Snapshot

_TOPIC = PARTS.index(Part.TOPIC)
_ALWAYS = 1 << 62
_KEPT = 8  # standings with a snapshot
_FEW = 64  # passages are asked one by one while there is one for so many
_STRANGER = -2  # never equal to anybody's id


class Standing:
    """What some readers may open of a snapshot, whatever they look for. It holds from one moment until
    `until`, when the next scheduled topic appears."""

    def __init__(self, snapshot: Snapshot, readers: Mapping[int, Reader], now: int) -> None:
        self._snapshot = snapshot
        topics = snapshot.topics
        held = [readers.get(int(planet)) for planet in topics.planets]
        self.me = np.array(
            [r.user_id if r and r.user_id is not None else _STRANGER for r in held], "i8"
        )
        self._staff = np.array([bool(r and r.staff) for r in held], bool)
        may_be_seen = np.array([r is not None for r in held], bool)
        inside = np.array([bool(r and r.inside) for r in held], bool)
        queue_open = np.array([bool(r and r.queue_open) for r in held], bool)
        own = np.array([bool(r and r.own) for r in held], bool)
        until = np.array(
            [
                (_ALWAYS if r.inside else -_ALWAYS if r.until is None else moment(r.until))
                if r
                else -_ALWAYS
                for r in held
            ],
            "i8",
        )
        since = np.array(
            [-_ALWAYS if r is None or r.since is None else moment(r.since) for r in held], "i8"
        )
        at = topics.planet
        mine = topics.writer == self.me[at]
        addressed = topics.addressee == self.me[at]
        staff, party = self._staff[at], mine | addressed | self._staff[at]
        private, deleted = topics.flag("private"), topics.flag("deleted")
        question = topics.kind == _index(topics.kinds, "question")
        waiting = queue_open[at] & ~topics.flag("declined") & ~topics.flag("withdrawn")
        asked = ~question | party | (~private & (topics.flag("answered") | waiting))
        published = topics.published
        standing = (published >= since[at]) & (published <= until[at]) & asked
        standing |= question & mine & own[at]
        standing |= topics.flag("sample") & ~private & ~deleted
        scheduled = published > now
        self.readable = (
            may_be_seen[at]
            & (~topics.flag("isolated") | mine)
            & np.where(scheduled, inside[at] & (mine | staff) & ~deleted, standing)
        )
        self._body = (~topics.flag("withdrawn") | party) & ~deleted
        self.closed: Array | None = None  # passages that are hidden by now, see `less`
        self.since = now
        self.until = int(published[scheduled].min()) if scheduled.any() else _ALWAYS

    @cached_property
    def open(self) -> Array:
        """Which passages may be opened, a yes or no of each."""
        snapshot = self._snapshot
        if not len(snapshot.topics.id):
            return np.zeros(snapshot.size, bool)
        open_ = snapshot.alive & self.readable[snapshot.topic]
        open_[snapshot.apart] &= self._seen
        return np.asarray(open_ if self.closed is None else open_ & ~self.closed)

    @cached_property
    def _seen(self) -> Array:
        """Which passages may be opened of those that not everybody may open who reads their topic; by who
        does read it."""
        snapshot = self._snapshot
        apart = snapshot.apart
        topic = snapshot.topic[apart]
        me = self.me[snapshot.topics.planet[topic]]
        seen = (snapshot.part[apart] != _TOPIC) | self._body[topic]
        return np.asarray(seen & (~snapshot.isolated[apart] | (snapshot.writer[apart] == me)))

    def may_open(self, numbers: Array) -> Array:
        """Return which of some passages may be opened. Of few each is asked by itself."""
        snapshot = self._snapshot
        few = len(numbers) * _FEW <= snapshot.size and len(snapshot.topics.id)
        if "open" in self.__dict__ or not few:
            return np.asarray(self.open[numbers])
        open_ = snapshot.alive[numbers] & self.readable[snapshot.topic[numbers]]
        if len(snapshot.apart):
            at = np.searchsorted(snapshot.apart, numbers)
            at[at == len(snapshot.apart)] = 0
            open_ &= (snapshot.apart[at] != numbers) | self._seen[at]
        return np.asarray(open_ if self.closed is None else open_ & ~self.closed[numbers])

    @cached_property
    def size(self) -> tuple[int, float]:
        """Return how many passages may be opened, and how long they are on the average. Whole numbers are
        added up, so that the order in which passages came makes no difference."""
        snapshot = self._snapshot
        apart = snapshot.apart[self.may_open(snapshot.apart)]
        many = int(np.dot(snapshot.per_topic, self.readable)) + len(apart)
        length = int(np.dot(snapshot.length_per_topic, self.readable))
        length += int(snapshot.length[apart].sum(dtype=np.float64))
        if self.closed is not None:
            many = int(self.open.sum())
            length = int(snapshot.length[self.open].sum(dtype=np.float64))
        return many, length / many if many else 1.0

    def less(self, unseen: Unseen) -> Standing:
        """Return the same without some topics and texts."""
        snapshot, other = self._snapshot, copy(self)
        for name in ("open", "size"):  # what hangs on `closed`
            other.__dict__.pop(name, None)
        gone = among(snapshot.topics.id, np.array(sorted(unseen.topics), "i8"))
        other.readable = self.readable & ~gone
        keys = np.array(sorted(passage_key(part, row) for part, row in unseen.texts), "i8")
        other.closed = among(snapshot.passages("row") * 4 + snapshot.part, keys)
        return other


def standing_of(snapshot: Snapshot, readers: Mapping[int, Reader], now: int) -> Standing:
    """Return what readers may open. A page of results asks several times, and asking of all topics is most of
    what a search in many costs; so the last few are kept with the snapshot."""
    key = tuple(sorted(readers.items(), key=itemgetter(0)))
    held: Standing | None = snapshot.standings.get(key)
    if held is not None and held.since <= now < held.until:
        return held
    made = Standing(snapshot, readers, now)
    with snapshot.lock:
        snapshot.standings.pop(key, None)
        while len(snapshot.standings) >= _KEPT:
            del snapshot.standings[next(iter(snapshot.standings))]
        snapshot.standings[key] = made
    return made


class Rights:
    """What the readers of a request may open in a snapshot, and which of it its filters let pass."""

    def __init__(self, snapshot: Snapshot, request: Request) -> None:
        self._snapshot = snapshot
        self._request = request
        standing = standing_of(snapshot, request.readers, moment(request.now))
        if request.unseen:
            standing = standing.less(request.unseen)
        self._standing = standing
        self.readable, self.size = standing.readable, standing.size
        self.topics = self.readable & self._filtered()

    def _filtered(self) -> Array:
        """Return the topics that the filters let pass."""
        filters, topics = self._request.filters, self._snapshot.topics
        passing = np.ones(len(topics.id), bool)
        if filters.planet_ids is not None:
            passing &= np.isin(topics.planets, list(filters.planet_ids))[topics.planet]
        if filters.kinds is not None:
            passing &= np.isin(topics.kinds, list(filters.kinds))[topics.kind]
        if filters.topic_ids is not None:
            passing &= np.isin(topics.id, list(filters.topic_ids))
        if filters.tag_ids is not None:
            tagged = np.zeros(len(topics.id), bool)
            tagged[topics.tag_topic[np.isin(topics.tag, list(filters.tag_ids))]] = True
            passing &= tagged
        if filters.starters is not None:
            passing &= self._is_one_of(filters.starters, topics.planet, topics.author)
        if filters.answered is not None:
            question = topics.kind == _index(topics.kinds, "question")
            passing &= question & (topics.flag("answered") == filters.answered)
        if filters.digest is not None:
            passing &= topics.flag("digest") == filters.digest
        for name in ("has_image", "has_file"):
            if getattr(filters, name):
                passing &= topics.flag(name)
        if filters.undeleted:
            passing &= ~topics.flag("deleted")
        if filters.since is not None:
            passing &= topics.published >= moment(filters.since)
        if filters.until is not None:
            passing &= topics.published < moment(filters.until)
        return passing

    def _is_one_of(self, pairs: frozenset[tuple[int, int]], planet: Array, author: Array) -> Array:
        """Return whose author, in his planet, is among pairs of both."""
        fits = np.zeros(len(author), bool)
        planets = self._snapshot.topics.planets
        for planet_id, author_id in pairs:
            fits |= (author == author_id) & (planet == _index(planets, planet_id))
        return fits

    @property
    def findable(self) -> Array:
        """Which passages may be opened and are of topics that the filters let pass."""
        topic = self._snapshot.topic
        open_ = self._standing.open
        return open_ & self.topics[topic] if len(self.topics) else open_

    def passages(self, numbers: Array) -> Array:
        """Return which of some passages may be opened."""
        return self._standing.may_open(numbers)

    def fitting(self, numbers: Array, titles: Array | None = None) -> Array:
        """Return which of some passages the filters of passages let pass. `titles`: in which of them the word
        stands in the title (None: no word is looked for)."""
        filters, snapshot = self._request.filters, self._snapshot
        fits = np.ones(len(numbers), bool)
        topic = snapshot.topic[numbers]
        planet = snapshot.topics.planet[topic]
        if filters.authors is not None:
            author = snapshot.author[numbers]
            fits &= self._is_one_of(filters.authors, planet, author) & (author != NOBODY)
        if filters.mine:
            fits &= snapshot.writer[numbers] == self._standing.me[planet]
        if filters.where:
            part = snapshot.part[numbers]
            titled = snapshot.names_from[numbers] > 0 if titles is None else titles
            here = np.zeros(len(numbers), bool)
            for where, which in (
                (Where.TITLE, (part == _TOPIC) & titled),
                (Where.ANSWERS, part == PARTS.index(Part.ANSWER)),
                (Where.COMMENTS, part == PARTS.index(Part.COMMENT)),
            ):
                if where in filters.where:
                    here |= which
            fits &= here
        return fits


def _index(values: Array, value: object) -> int:
    """Return the place of a value, -1 if it is not there."""
    found = np.flatnonzero(values == value)
    return int(found[0]) if len(found) else -1
