"""The only importer of Whoosh: keeps pages as segments of an index, one document for each block.

A segment holds one page: its blocks and its columns, as columns of bytes. (As postings of terms they would
cost half as much again: Whoosh writes each value as a pickled text.) What a commit replaces is left out of
the list of segments in the same step, so a reader sees all of it or nothing.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.fields import COLUMN, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from app.search.whoosh_engine.stores import Packed, StoredPage

_NAME = "pages"


# A document for each block; the first one holds the page's columns as well.
_SCHEMA = Schema(block=COLUMN(VarBytesColumn()), page=COLUMN(VarBytesColumn()))


class PageFile:
    """A page on disk: read by any number of threads, never changed."""

    def __init__(self, name: str, reader: Any) -> None:
        self.name = name
        self._reader = reader
        self._lock = threading.Lock()  # a file has one position
        self._blocks = reader.column_reader("block")

    def columns(self) -> bytes:
        """Return what it knows beside its terms."""
        with self._lock:
            return bytes(self._reader.column_reader("page")[0])

    def block(self, number: int) -> bytes:
        """Return one of its blocks."""
        with self._lock:
            return bytes(self._blocks[number])


class Store:
    """An index in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._storage = FileStorage(str(folder))

    def create(self) -> None:
        """Make an empty index."""
        self.folder.mkdir(parents=True, exist_ok=True)
        TOC.create(self._storage, _SCHEMA, _NAME)

    def state(self) -> int:
        """Return the number of the last commit."""
        return int(FileIndex(self._storage, _SCHEMA, _NAME).latest_generation())

    def read(self, known: dict[str, StoredPage]) -> tuple[int, list[StoredPage]]:
        """Return the number of the last commit and its pages; those that are `known` are not opened again."""
        toc = TOC.read(self._storage, _NAME, schema=_SCHEMA)
        pages: list[StoredPage] = []
        for segment in toc.segments:
            name = segment.segment_id()
            page = known.get(name)
            pages.append(page or PageFile(name, SegmentReader(self._storage, _SCHEMA, segment)))
        return int(toc.generation), pages

    def write(self, page: Packed, *, instead_of: frozenset[str]) -> None:
        """Commit a page, in the place of others."""
        index = FileIndex(self._storage, _SCHEMA, _NAME)
        writer = SegmentWriter(index, codec=W3Codec(compression=0), compound=False)
        writer.mergetype = lambda _writer, segments: [
            segment for segment in segments if segment.segment_id() not in instead_of
        ]
        with writer:
            first, *others = page.blocks or [b""]
            writer.add_document(block=first, page=page.columns)
            for block in others:
                writer.add_document(block=block)

    def size(self) -> int:
        """Return how many bytes the index takes."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())
