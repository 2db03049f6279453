"""The reference engine with what the indexer needs besides: contents, a rebuild that can be resumed, loss."""

from __future__ import annotations

from collections.abc import Sequence

from app.search import port
from app.search.fingerprints import entry_mark
from app.search.port import Broken, Entry
from tests.search.reference import MemoryEngine


class ShelfEngine(MemoryEngine):
    """Counts what is done to it. `lost`: there is no index until one has been made."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = True
        self.commits: list[list[Entry]] = []
        self.tidied = 0
        self.rebuilt = 0
        self.half: ShelfRebuild | None = None

    def cursor(self) -> int:
        if self.lost:
            raise Broken("lost")
        return self.at

    def apply(self, entries: Sequence[Entry], *, cursor: int) -> None:
        if self.lost:
            raise Broken("lost")
        super().apply(entries, cursor=cursor)
        self.commits.append(list(entries))

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        if self.lost:
            raise Broken("lost")
        ids = [topic_id for topic_id in sorted(self.topics) if topic_id > after]
        return [
            (
                topic_id,
                entry_mark(
                    Entry(topic_id, self.topics[topic_id], tuple(self.passages[topic_id].values()))
                ),
            )
            for topic_id in ids[:limit]
        ]

    def check(self) -> None:
        if self.lost:
            raise Broken("lost")

    def begin_rebuild(self, *, cursor: int) -> ShelfRebuild:
        if self.half is None:
            self.half = ShelfRebuild(self, cursor)
        return self.half

    def tidy(self) -> None:
        self.tidied += 1

    def stats(self) -> port.Stats:
        if self.lost:
            raise Broken("lost")
        passages = sum(len(held) for held in self.passages.values())
        return port.Stats("shelf", passages, len(self.topics), 0, self.at, str(self.rebuilt))


class ShelfRebuild:
    """What is made beside."""

    def __init__(self, engine: ShelfEngine, cursor: int) -> None:
        self._engine = engine
        self.made = MemoryEngine()
        self.cursor = cursor
        self.done_upto = 0
        self.adds = 0

    def add(self, entries: Sequence[Entry], *, upto: int) -> None:
        assert all(entry.facts for entry in entries)
        assert all(entry.topic_id > self.done_upto for entry in entries)
        self.made.apply(entries, cursor=self.cursor)
        self.done_upto = upto
        self.adds += 1

    def finish(self) -> None:
        engine = self._engine
        engine.topics, engine.passages = self.made.topics, self.made.passages
        engine.at, engine.lost, engine.half = self.cursor, False, None
        engine.rebuilt += 1

    def abandon(self) -> None:
        self._engine.half = None
