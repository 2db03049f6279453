"""A snapshot: all pages as they were at one commit, as arrays over all passages and all topics.

It never changes, so a search that holds it is not disturbed by the next commit. Making the next one
from the one before costs little: only pages that are new are compared with the others.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from app.search.whoosh_engine import pages
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import FLAGS, Columns
from app.search.whoosh_engine.stores import StoredPage


class Page:
    """A page in memory: its file, its columns, its passages that no later page has replaced."""

    def __init__(self, file: StoredPage) -> None:
        self.file = file
        self.columns = Columns.read(file.stored)
        file.stored.clear()  # the columns hold what is needed of it
        self.order = np.argsort(self.columns.keys, kind="stable")
        self.sorted_keys = self.columns.keys[self.order]

    def replaced_by(self, newer: Columns) -> Array:
        """Return which passages a later page replaces or deletes."""
        dead = np.zeros(self.columns.size, bool)
        keys = np.concatenate([newer.keys, newer.gone_passages])
        if len(self.sorted_keys) and len(keys):
            at = np.searchsorted(self.sorted_keys, keys)
            at[at == len(self.sorted_keys)] = 0
            dead[self.order[at[self.sorted_keys[at] == keys]]] = True
        if len(newer.gone_topics):
            dead |= pages.among(self.columns.passages["topic"], newer.gone_topics)
        return dead


class Topics:
    """What is known of all topics, one column each."""

    def __init__(self, columns: list[Columns]) -> None:
        kept = pages.last_facts(columns)
        whole = {
            name: np.concatenate(
                [np.zeros(0, kind)]
                + [page.topics[name][rows] for page, rows in zip(columns, kept, strict=True)]
            )
            for name, kind in pages.TOPIC_COLUMNS.items()
        }
        order = np.argsort(whole["id"], kind="stable")
        self.id = whole["id"][order]
        self.author = whole["author"][order]
        self.writer = whole["writer"][order]
        self.addressee = whole["addressee"][order]
        self.published = whole["published"][order]
        self.mark = whole["mark"][order]
        self._flags = whole["flags"][order]
        self.planets, self.planet = np.unique(whole["planet"][order], return_inverse=True)
        self.kinds, self.kind = np.unique(whole["kind"][order], return_inverse=True)
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
        """Return a yes or no of each topic."""
        return np.asarray((self._flags >> FLAGS.index(name)) & 1, bool)

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
    def years(self) -> Array:
        """Return the year (UTC) in which each topic was published."""
        return self.published.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970


class Snapshot:
    """Everything at one commit."""

    def __init__(
        self, generation: str, number: int, held: list[Page], before: Snapshot | None
    ) -> None:
        self.generation = generation
        self.number = number
        self.pages = sorted(held, key=lambda page: page.columns.first)
        columns = [page.columns for page in self.pages]
        self.cursor = columns[-1].cursor if columns else 0
        self.starts = np.cumsum([0, *(page.size for page in columns)])
        self.dead = _dead(self.pages, before)
        self.topics = Topics(columns)
        passages = {
            name: np.concatenate([np.zeros(0, kind), *(page.passages[name] for page in columns)])
            for name, kind in pages.PASSAGE_COLUMNS.items()
        }
        self.topic = self.topics.slots(passages["topic"]).astype(np.int32)
        self.row = passages["row"]
        self.part = passages["part"]
        self.author = passages["author"]
        self.writer = passages["writer"]
        self.isolated = passages["isolated"]
        self.length = passages["length"].astype(np.float32)
        self.names_from = passages["names_from"]
        self.mark = passages["mark"]
        dead = [self.dead[page.file.name] for page in self.pages]
        self.alive = ~np.concatenate([np.zeros(0, bool), *dead]) & (self.topic >= 0)
        self.per_topic = np.bincount(self.topic[self.alive], minlength=len(self.topics.id))
        lengths = self.length[self.alive]
        self.usual_length = float(lengths.mean()) if len(lengths) else 1.0

    @property
    def size(self) -> int:
        """How many passages the pages hold, replaced ones too."""
        return len(self.row)


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
