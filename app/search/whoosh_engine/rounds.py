"""Going round an index a little at a time, so that damage is found which no search has met."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.search.whoosh_engine.snapshot import Page
from app.search.whoosh_engine.stores import StoredPage


class Round:
    """How far the round has come: which page, and which of its blocks. Each call is given the pages as they
    are opened now, so that a file is read and not what was kept of it."""

    def __init__(self) -> None:
        self._at = 0
        self._name = ""
        self._block = 0

    def go_on(self, files: Sequence[StoredPage], seconds: float) -> None:
        """Read blocks for about so long, or to the end of the round; any error where one is damaged."""
        ends_at = time.monotonic() + seconds
        if self._at >= len(files):
            self._at = 0
        for file in files[self._at :]:
            if file.name != self._name:
                # Another page stands here now: merging has put it in the place of some.
                self._name, self._block = file.name, 0
            terms = Page(file).terms
            while self._block < len(terms.firsts):
                terms.check_block(self._block)
                self._block += 1
                if time.monotonic() > ends_at:
                    return
            self._at += 1
