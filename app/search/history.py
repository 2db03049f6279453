"""Of which database's history an index in files is: beside it stands what its cursor meant.

A database that is put back from a backup gives the numbers after the backup out once more. An index of what
was lost would be believed as soon as they reach its cursor, and find by words of a lost text whatever bears
its row id now. So each cursor is written down with the change it is, before the index has it.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from sqlalchemy import bindparam, select

from app.kernel.reading import Ready
from app.search.models import SearchChange
from app.search.port import Broken

_FILE = "history.json"
# The cursor in use, the next one, and that of a rebuild beside.
_KEPT = 3
_LOOK_EVERY = 30.0
S = SearchChange.__table__.c
# What is committed at this moment: a page's own view may be older than the index.
_CHANGE = Ready(
    select(S.at, S.topic_id, S.part, S.row_id).where(S.id == bindparam("cursor", type_=S.id.type))
)


class History:
    """What the cursors of an index in a folder meant."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._noted = -1
        self._sure_until = 0.0

    def note(self, cursor: int) -> None:
        """Write down what a cursor means, before it is the index's."""
        if cursor == self._noted and self._file.exists():
            return
        known = {number: mark for number, mark in self._read().items() if number != str(cursor)}
        kept = dict([*known.items(), (str(cursor), _mark_of(cursor))][-_KEPT:])
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".part")
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._file)
        self._noted = cursor

    def check(self, cursor: int) -> None:
        """Broken when the index is not of this database's history."""
        mark = _mark_of(cursor)
        if not mark or self._read().get(str(cursor)) != mark:
            self._sure_until = 0.0
            raise Broken("the index is of another database, or of a history that was taken back")
        self._sure_until = time.monotonic() + _LOOK_EVERY

    @property
    def is_sure(self) -> bool:
        """Whether it was looked at a short time ago: whoever only reads need not look again."""
        return time.monotonic() < self._sure_until

    def _read(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found


def _mark_of(cursor: int) -> str:
    """Return what tells a change from another one with its number; "" when there is none."""
    row = _CHANGE.first(cursor=cursor)
    return " ".join(str(value) for value in row) if row else ""
