"""The engine that needs nothing but a folder: Whoosh's files, read as arrays."""

from pathlib import Path

from app.search.whoosh_engine.engine import PagedEngine
from app.search.whoosh_engine.shelf import FolderShelf

__all__ = ["WhooshEngine"]


class WhooshEngine(PagedEngine):
    """The default engine."""

    name = "whoosh"

    def __init__(self, folder: Path) -> None:
        """Use the index in a folder, which need not exist yet."""
        super().__init__(FolderShelf(folder))
