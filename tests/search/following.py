"""Short ways to let an index follow, in the test's own process."""

from __future__ import annotations

from pathlib import Path

from app.outbox.delivery import deliver_due
from app.search.indexer import Indexer
from app.search.port import Engine
from app.search.verifying import Differences, verify
from app.search.writing import FileLock


def indexer_of(engine: Engine, folder: Path) -> Indexer:
    """Return an indexer whose locks lie in a folder."""
    return Indexer(engine, FileLock(folder / "writer.lock"), FileLock(folder / "rebuild.lock"))


def never() -> bool:
    """Nobody asks to stop."""
    return False


def follow(indexer: Indexer) -> None:
    """Deliver all letters and let the index follow all changes."""
    deliver_due()
    while indexer.step(never):
        pass


def differences(engine: Engine) -> Differences:
    """Compare at once, without waiting for anybody."""
    return verify(engine, pause=0.0)
