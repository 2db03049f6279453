"""A reader found the index broken: told to the worker, of whatever process, by a mark beside the index."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_FILE = "SUSPECT"
_LONGEST = 300


class Suspicion:
    """The mark in an index's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def tell(self, why: str) -> None:
        """Leave the mark. Where nothing can be written, or there is no index, there is nothing to tell."""
        with suppress(OSError):
            self._file.write_text(why[:_LONGEST], "utf-8")

    def find(self) -> str | None:
        """Return why a reader left the mark; None where none did."""
        try:
            return self._file.read_text("utf-8")
        except OSError:
            return None

    def clear(self) -> None:
        """Take the mark away: the index was read, and is sound."""
        self._file.unlink(missing_ok=True)
