"""The only importer of Whoosh: keeps pages as segments of an index, one document each.

A segment holds one page: its terms with packed values, and its columns in a stored field. What a commit
replaces is left out of the list of segments in the same step, so a reader sees all of it or nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from whoosh.codec.whoosh3 import W3Codec
from whoosh.fields import STORED, FieldType, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Format
from whoosh.index import TOC, FileIndex
from whoosh.reading import SegmentReader, TermNotFound
from whoosh.writing import SegmentWriter

from app.search.whoosh_engine.stores import StoredPage, Term

_NAME = "pages"


class _Packed(Format):
    """Values of terms are bytes that `packing` understands."""


class _Terms(FieldType):
    """A field whose value is a page's terms, analysed and packed already."""

    def __init__(self) -> None:
        super().__init__(_Packed(), None)  # type: ignore[arg-type]

    def index(
        self, value: Iterable[Term], **_kwargs: Any
    ) -> Generator[tuple[bytes, int, float, bytes]]:
        """Hand Whoosh each term. Its weight is the number of passages in which it stands."""
        for key, passages, packed in value:
            yield key, passages, float(passages), packed


_SCHEMA = Schema(terms=_Terms(), page=STORED())


class PageFile:
    """A page on disk: read by any number of threads, never changed."""

    def __init__(self, name: str, reader: Any) -> None:
        self.name = name
        self._reader = reader
        self._lock = threading.Lock()  # a file has one position
        self.stored = cast(dict[str, Any], reader.stored_fields(0)["page"])

    def value(self, key: bytes) -> bytes | None:
        """Return a term's packed postings, None if it stands nowhere in the page."""
        with self._lock:
            try:
                return cast(bytes, self._reader.postings("terms", key).value())
            except TermNotFound:
                return None

    def spread(self, key: bytes) -> int:
        """Return in how many passages of the page a term stands."""
        with self._lock:
            return int(self._reader.frequency("terms", key))

    def spreads(self, prefix: bytes, most: int) -> list[tuple[bytes, int]]:
        """Return the first keys that begin with a prefix, each with in how many passages it stands."""
        found: list[tuple[bytes, int]] = []
        with self._lock:
            for (_field, key), info in self._reader.iter_from("terms", prefix):
                if len(found) >= most or not key.startswith(prefix):
                    break
                found.append((key, int(info.weight())))
        return found

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Return all terms with their packed postings."""
        with self._lock:
            for key in [key for _field, key in self._reader.all_terms()]:
                yield key, self._reader.postings("terms", key).value()


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

    def write(
        self, terms: Iterable[Term], stored: dict[str, Any], *, instead_of: frozenset[str]
    ) -> None:
        """Commit a page, in the place of others."""
        index = FileIndex(self._storage, _SCHEMA, _NAME)
        writer = SegmentWriter(index, codec=W3Codec(compression=0), compound=False)
        writer.mergetype = lambda _writer, segments: [
            segment for segment in segments if segment.segment_id() not in instead_of
        ]
        with writer:
            writer.add_document(terms=terms, page=stored)

    def size(self) -> int:
        """Return how many bytes the index takes."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())
