"""Whoosh as its manual begins: the default schema, analysis and parser, no care. A yardstick."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from app.search.port import Entry
from bench.search_stage import Asked


class NaiveWhoosh:
    """An index with a number and a text in each document."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        fields = importlib.import_module("whoosh.fields")
        schema = fields.Schema(
            number=fields.NUMERIC(stored=True),
            text=fields.TEXT(stored=True),
            planet=fields.NUMERIC(),
            published=fields.NUMERIC(sortable=True),
        )
        self.index: Any = importlib.import_module("whoosh.index").create_in(str(folder), schema)
        qparser = importlib.import_module("whoosh.qparser")
        self.parser: Any = qparser.QueryParser("text", schema)

    def build(self, rows: Iterable[tuple[int, str]]) -> None:
        """Index texts by number."""
        writer = self.index.writer()
        for number, text in rows:
            writer.add_document(number=number, text=text)
        writer.commit()

    def writing(self) -> AbstractContextManager[Any]:
        """Return a writer that commits at the end."""
        writer: AbstractContextManager[Any] = self.index.writer()
        return writer

    def add(self, writer: Any, entries: list[Entry]) -> None:
        """Add whole topics, each of their texts as a document."""
        for entry in entries:
            assert entry.facts is not None
            for passage in entry.passages:
                writer.add_document(
                    number=passage.row_id * 4 + len(passage.part) % 4,
                    text=f"{passage.title}\n{passage.names}\n{passage.body}",
                    planet=entry.facts.planet_id,
                    published=int(entry.facts.published_at.timestamp()),
                )

    def ask(self, asked: Asked) -> object:
        """Ask as the manual says."""
        text = " ".join(f'"{word}"' if asked.phrase else word for word in asked.words)
        query = self.parser.parse(f"{text}*" if asked.prefix else text)
        terms = importlib.import_module("whoosh.query")
        allowed = None
        if asked.filtered:
            allowed = terms.Or([terms.Term("planet", planet) for planet in asked.request.readers])
        with self.index.searcher() as searcher:
            found = searcher.search(
                query,
                limit=20,
                filter=allowed,
                sortedby="published" if asked.newest else None,
                reverse=asked.newest,
            )
            return [hit["number"] for hit in found]

    def search(self, text: str, limit: int) -> list[int]:
        """Return the numbers of the best."""
        with self.index.searcher() as searcher:
            results = searcher.search(self.parser.parse(text), limit=limit)
            return [int(hit["number"]) for hit in results]
