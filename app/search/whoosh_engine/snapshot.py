"""A snapshot: all pages as they were at one commit, as arrays over all passages and all topics.

It never changes, so a search that holds it is not disturbed by the next commit. Making the next one
from the one before costs little: only pages that are new are compared with the others.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from functools import cached_property
from typing import Any

import numpy as np

from app.search.port import Part
from app.search.whoosh_engine import pages
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import FLAGS, Columns
from app.search.whoosh_engine.reading import Terms
from app.search.whoosh_engine.stores import StoredPage


class Page:
    """A page in memory: its file, its columns, the way to its terms."""

    def __init__(self, file: StoredPage) -> None:
        self.file = file
        self.columns = Columns.read(file.columns())
        self.terms = Terms(file, self.columns.firsts)

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        """Return the passages' keys in order, and their places."""
        order = np.argsort(self.columns.keys, kind="stable")
        return self.columns.keys[order], order

    def replaced_by(self, newer: Columns) -> Array:
        """Return which passages a later page replaces or deletes."""
        dead = np.zeros(self.columns.size, bool)
        keys = np.concatenate([newer.keys, newer.gone_passages])
        if self.columns.size and len(keys):
            mine, order = self._sorted
            at = np.searchsorted(mine, keys)
            at[at == len(mine)] = 0
            dead[order[at[mine[at] == keys]]] = True
        if len(newer.gone_topics):
            dead |= pages.among(self.columns.passages["topic"], newer.gone_topics)
        return dead


class Topics:
    """What is known of all topics, one column each."""

    def __init__(self, columns: list[Columns]) -> None:
        kept = pages.last_facts(columns)
        whole = pages.facts_together(columns, kept)
        order = np.argsort(whole["id"], kind="stable")
        self.id = whole["id"][order]
        self.author = whole["author"][order]
        self.writer = whole["writer"][order]
        self.addressee = whole["addressee"][order]
        self.published = whole["published"][order]
        self.mark = whole["mark"][order]
        self._flags = whole["flags"][order]
        self._told: dict[str, Array] = {}
        self.planets, self.planet = np.unique(whole["planet"][order], return_inverse=True)
        self.kinds, self.kind = np.array(pages.kinds_of(columns), str), whole["kind"][order]
        counts = [page.tag_counts[rows] for page, rows in zip(columns, kept, strict=True)]
        tags = [
            page.tags[np.repeat(rows, page.tag_counts)]
            for page, rows in zip(columns, kept, strict=True)
        ]
        slots = np.empty(len(order), np.int64)
        slots[order] = np.arange(len(order))
        self.tag = np.concatenate([np.zeros(0, "i8"), *tags])
        self.tag_topic = np.repeat(slots, np.concatenate([np.zeros(0, "u2"), *counts]))

    def flag(self, name: str) -> Array:
        """Return a yes or no of each topic. Each search asks for several; they are told apart once."""
        held = self._told.get(name)
        if held is None:
            held = self._told[name] = np.asarray((self._flags >> FLAGS.index(name)) & 1, bool)
        return held

    def slots(self, ids: Array) -> Array:
        """Return the places of topics in the columns, -1 for those that are not there."""
        if not len(self.id):
            return np.full(len(ids), -1)
        at = np.searchsorted(self.id, ids)
        at[at == len(self.id)] = 0
        return np.where(self.id[at] == ids, at, -1)

    @cached_property
    def newest(self) -> Array:
        """Return each topic's rank from the newest (0) to the oldest."""
        rank = np.empty(len(self.id), np.int64)
        rank[np.lexsort((-self.id, -self.published))] = np.arange(len(self.id))
        return rank

    @cached_property
    def _years(self) -> Array:
        """The year (UTC) in which each topic was published, since 1970."""
        return self.published.astype("datetime64[us]").astype("datetime64[Y]").astype(int)

    @cached_property
    def first_year(self) -> int:
        """The year in which the oldest topic was published."""
        return 1970 + int(self._years.min()) if len(self._years) else 0

    @cached_property
    def since_first(self) -> Array:
        """How many years after the first one each topic was published."""
        return self._years + (1970 - self.first_year)


class Snapshot:
    """Everything at one commit."""

    def __init__(
        self, generation: str, number: int, held: list[Page], before: Snapshot | None
    ) -> None:
        self.generation = generation
        self.number = number
        self.standings: dict[Hashable, Any] = {}  # see `rights.standing_of`
        self.lock = threading.Lock()
        self.pages = sorted(held, key=lambda page: page.columns.first)
        columns = [page.columns for page in self.pages]
        self.cursor = columns[-1].cursor if columns else 0
        self.starts = np.cumsum([0, *(page.size for page in columns)])
        self.dead = _dead(self.pages, before)
        self.topics = Topics(columns)
        self.topic = self.topics.slots(self.passages("topic")).astype(np.int64)
        self.part = self.passages("part")
        self.author = self.passages("author")
        self.writer = self.passages("writer")
        self.isolated = self.passages("isolated")
        self.length = self.passages("length").astype(np.float32)
        self.names_from = self.passages("names_from")
        dead = [self.dead[page.file.name] for page in self.pages]
        self.alive = ~np.concatenate([np.zeros(0, bool), *dead]) & (self.topic >= 0)
        # Those that not everybody may open who reads their topic; of all others a topic's sums are kept.
        self.apart = self._apart()
        common = self.alive.copy()
        common[self.apart] = False
        many, topic = len(self.topics.id), self.topic[common]
        self.per_topic = np.bincount(topic, minlength=many)
        lengths = np.bincount(topic, self.length[common], minlength=many)
        self.length_per_topic = lengths.astype(np.int64)

    @property
    def size(self) -> int:
        """How many passages the pages hold, replaced ones too."""
        return int(self.starts[-1])

    def _apart(self) -> Array:
        apart = self.alive & self.isolated
        own = np.flatnonzero(self.alive & (self.part == pages.PARTS.index(Part.TOPIC)))
        gone = self.topics.flag("withdrawn") | self.topics.flag("deleted")
        apart[own] |= gone[self.topic[own]]
        return np.flatnonzero(apart)

    def passages(self, name: str) -> Array:
        """Return a column of all passages."""
        none = np.zeros(0, pages.PASSAGE_COLUMNS[name])
        return np.concatenate([none, *(page.columns.passages[name] for page in self.pages)])

    def row(self, number: int) -> int:
        """Return the id of the row that a passage is."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        return int(self.pages[at].columns.passages["row"][number - self.starts[at]])


def _dead(held: list[Page], before: Snapshot | None) -> dict[str, Array]:
    """Return which passages of each page later pages replace, from what was known before."""
    known = before.dead if before is not None else {}
    dead: dict[str, Array] = {}
    for at, page in enumerate(held):
        mine = known.get(page.file.name)
        others = held[at + 1 :]
        if mine is not None:
            others = [other for other in others if other.file.name not in known]
        hits = [page.replaced_by(other.columns) for other in others]
        start = np.zeros(page.columns.size, bool) if mine is None else mine
        dead[page.file.name] = np.logical_or.reduce([start, *hits]) if hits else start
    return dead
