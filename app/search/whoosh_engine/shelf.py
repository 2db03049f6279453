"""A shelf in a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.kernel.ids import new_public_id
from app.search.whoosh_engine.store import Store
from app.search.whoosh_engine.stores import StoredPage

_CURRENT = "CURRENT"
_MARKER = "REBUILD"


class FolderShelf:
    """One folder for each generation, and a file `CURRENT` that names the one in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def in_use(self) -> str:
        """Return the generation in use."""
        return (self._folder / _CURRENT).read_text("ascii").strip()

    def is_empty(self) -> bool:
        """Whether no generation is in use."""
        return not (self._folder / _CURRENT).exists()

    def store(self, generation: str) -> Store:
        """Return a generation's pages."""
        return Store(self._folder / generation)

    def opened(self, generation: str) -> list[StoredPage]:
        """Return its pages, whose files are opened anew."""
        return self.store(generation).read({})[1]

    def in_the_making(self) -> str | None:
        """Return the generation that a rebuild has begun and not ended."""
        try:
            return (self._folder / _MARKER).read_text("ascii").strip()
        except FileNotFoundError:
            return None

    def begin(self, generation: str) -> None:
        """Remember that a rebuild makes this generation."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / _MARKER).write_text(generation, "ascii")

    def put_in_place(self, generation: str) -> None:
        """Name a generation as the one in use and remove all others."""
        pointer = self._folder / f"{_CURRENT}.{new_public_id()}"
        with open(pointer, "w", encoding="ascii") as file:
            file.write(generation)
            file.flush()
            os.fsync(file.fileno())
        os.replace(pointer, self._folder / _CURRENT)
        (self._folder / _MARKER).unlink(missing_ok=True)
        for other in self._folder.glob("g-*"):
            if other.name != generation:
                shutil.rmtree(other, ignore_errors=True)

    def abandon(self, generation: str) -> None:
        """Throw away a generation in the making."""
        (self._folder / _MARKER).unlink(missing_ok=True)
        shutil.rmtree(self._folder / generation, ignore_errors=True)
