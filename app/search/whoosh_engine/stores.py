"""What the engine needs of the place where its index is kept: files (`shelf`, `store`) or rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Packed(NamedTuple):
    """A page in bytes: what it knows beside its terms, and the blocks of these (`packing`)."""

    columns: bytes
    blocks: Sequence[bytes]


class StoredPage(Protocol):
    """A page as a store keeps it: read by any number of threads, never changed."""

    name: str

    def columns(self) -> bytes:
        """Return what it knows beside its terms."""

    def block(self, number: int) -> bytes:
        """Return one of its blocks."""


class PageStore(Protocol):
    """A generation's pages. A commit adds a page in the place of others, all of it or nothing."""

    def create(self) -> None:
        """Make an empty generation."""

    def state(self) -> int:
        """Return the number of the last commit."""

    def read(self, known: dict[str, StoredPage]) -> tuple[int, list[StoredPage]]:
        """Return the number of the last commit and its pages; those that are `known` are not opened again."""

    def write(self, page: Packed, *, instead_of: frozenset[str]) -> None:
        """Commit a page, in the place of others."""

    def size(self) -> int:
        """Return how many bytes the generation takes."""


class Shelf(Protocol):
    """What an engine needs to know of its generations."""

    def in_use(self) -> str:
        """Return the generation in use; any error if there is none."""

    def is_empty(self) -> bool:
        """Whether no generation is in use."""

    def store(self, generation: str) -> PageStore:
        """Return a generation's pages."""

    def opened(self, generation: str) -> list[StoredPage]:
        """Return its pages as they are kept now: nothing that was read of them before is held."""

    def in_the_making(self) -> str | None:
        """Return the generation that a rebuild has begun and not ended."""

    def begin(self, generation: str) -> None:
        """Remember that a rebuild makes this generation."""

    def put_in_place(self, generation: str) -> None:
        """Use a generation from now on; the others go, and nothing is in the making any more."""

    def abandon(self, generation: str) -> None:
        """Throw away a generation in the making."""
