"""Whoosh as its manual begins: the default schema, analysis and parser, no care. A yardstick."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class NaiveWhoosh:
    """An index with a number and a text in each document."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        fields = importlib.import_module("whoosh.fields")
        schema = fields.Schema(
            number=fields.NUMERIC(stored=True, unique=True),
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

    def search(self, text: str, limit: int) -> list[int]:
        """Return the numbers of the best."""
        with self.index.searcher() as searcher:
            results = searcher.search(self.parser.parse(text), limit=limit)
            return [int(hit["number"]) for hit in results]
