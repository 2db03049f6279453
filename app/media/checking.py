"""Whether the bytes of uploads are as their rows say: asked of all at once by hand and by the backup, and in
rotation by the worker, who notes what is wrong (`media_faults`) for doctor and metrics.

Looked at are presence, readability and size; `deep` reads all bytes and compares their SHA-256. Memory does
not grow with the stock.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Literal, NamedTuple

from sqlalchemy import Dialect, Insert, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel import clock
from app.kernel.db import db, unit_of_work, write_if_free
from app.kernel.errors import NotFound, Unavailable
from app.kernel.logs import get_logger
from app.media.models import Attachment, MediaFault, MediaRound
from app.media.storage import Storage

Kind = Literal["missing", "unreadable", "size", "content"]

PAGE = 500
# One step of the worker's round: so many files, or so many seconds on a slow disk.
STEP_FILES = 2_000
STEP_SECONDS = 5.0
# With so many noted the round waits: what is wrong is known, and more rows would tell nothing.
MOST_NOTED = 1_000
_CHUNK = 1024 * 1024

_ROUND_ID = 1
A = Attachment.__table__.c
F = MediaFault.__table__.c
_NOTES: dict[str, Insert] = {
    "sqlite": sqlite.insert(MediaFault).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(MediaFault).on_conflict_do_nothing(),
}

log = get_logger("media")


class _Held(NamedTuple):
    id: int
    public_id: str
    size: int
    sha256: str
    storage_key: str
    thumbnail_key: str


_COLUMNS = tuple(A[name] for name in _Held._fields)


@dataclass(frozen=True, slots=True)
class Fault:
    """An object that is not as its row says: the attachment's ids, the storage key, and what is wrong."""

    attachment_id: int
    public_id: str
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Noted:
    """What the worker has found so far: how many attachments, a few of their public ids, and when it was
    last through with all (None: not yet)."""

    count: int
    some: tuple[str, ...]
    whole_at: datetime | None


def find_faults(
    storage: Storage, *, deep: bool = False, tell: Callable[[int], object] = lambda _count: None
) -> Iterator[Fault]:
    """Yield what is wrong in the whole stock. `tell` hears after each page how many attachments were looked
    at. Holds no transaction while it reads files."""
    upto = looked = 0
    while page := _page(upto):
        yield from _examine(storage, page, deep=deep)
        upto, looked = page[-1].id, looked + len(page)
        tell(looked)


def keep_watch(storage: Storage) -> int:
    """Look again at what was noted, then at the next stretch of all attachments. A timed job; returns how
    many attachments are noted as faulty afterwards."""
    ends_at = time.monotonic() + STEP_SECONDS
    noted = list(db.session.scalars(select(F.attachment_id).order_by(F.attachment_id)))
    for start in range(0, len(noted), PAGE):
        some = noted[start : start + PAGE]
        _note(_examine(storage, _rows(some)), looked_at=some)
    upto = db.session.scalar(select(MediaRound.upto)) or 0
    looked = 0
    while looked < STEP_FILES and time.monotonic() < ends_at and count_noted() < MOST_NOTED:
        page = _page(upto)
        upto = page[-1].id if page else 0
        _note(_examine(storage, page), looked_at=[held.id for held in page], upto=upto)
        if not page:
            break
        looked += len(page)
    return count_noted()


def note_met(public_id: str, kind: Kind) -> None:
    """Note, for a page that came upon it, that an attachment's bytes are not there: nobody has to wait for
    the round. The page goes without when the database is busy."""
    log.error("an upload's bytes cannot be read", attachment=public_id, kind=kind)
    asked = select(A.id, F.attachment_id).outerjoin(MediaFault, F.attachment_id == A.id)
    row = db.session.execute(asked.where(A.public_id == public_id)).one_or_none()
    if row is None or row.attachment_id is not None or count_noted() >= MOST_NOTED:
        return
    faults = [(row.id, kind)]
    write_if_free(lambda: _insert(db.session.get_bind().dialect, faults))


def count_noted() -> int:
    """Return how many attachments are noted as faulty; at most about MOST_NOTED."""
    return db.session.scalar(select(func.count(F.attachment_id))) or 0


def find_noted(*, some: int = 3) -> Noted:
    """Return what is noted, for doctor and metrics."""
    ids = select(A.public_id).join(MediaFault, F.attachment_id == A.id).order_by(A.id).limit(some)
    return Noted(
        count_noted(),
        tuple(db.session.scalars(ids)),
        db.session.scalar(select(MediaRound.whole_at)),
    )


def _page(upto: int) -> list[_Held]:
    return _held(select(*_COLUMNS).where(A.id > upto).order_by(A.id).limit(PAGE))


def _rows(ids: Collection[int]) -> list[_Held]:
    return _held(select(*_COLUMNS).where(A.id.in_(ids)).order_by(A.id))


def _held(statement: object) -> list[_Held]:
    rows = [_Held(*row) for row in db.session.execute(statement)]  # type: ignore[call-overload]
    db.session.rollback()
    return rows


def _examine(storage: Storage, page: Sequence[_Held], *, deep: bool = False) -> list[Fault]:
    found = [fault for held in page for fault in _faults_of(storage, held, deep=deep)]
    if not found:
        return found
    # What was deleted while we looked is no fault.
    there = {held.id for held in _rows({fault.attachment_id for fault in found})}
    return [fault for fault in found if fault.attachment_id in there]


def _faults_of(storage: Storage, held: _Held, *, deep: bool) -> Iterator[Fault]:
    for key, size, digest in (
        (held.storage_key, held.size, held.sha256),
        (held.thumbnail_key, None, ""),
    ):
        if key and (kind := _look(storage, key, size, digest if deep else "")):
            yield Fault(held.id, held.public_id, key, kind)


def _look(storage: Storage, key: str, size: int | None, digest: str) -> Kind | None:
    try:
        with storage.open(key) as stream:
            there = stream.seek(0, 2)
            if there == 0 or size not in (None, there):
                return "size"
            stream.seek(0)
            if digest and _digest(stream) != digest:
                return "content"
            stream.read(1)
    except NotFound:
        return "missing"
    except (OSError, Unavailable):
        return "unreadable"
    return None


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _note(faults: Sequence[Fault], *, looked_at: Sequence[int], upto: int | None = None) -> None:
    """Write down what is wrong among the attachments that were looked at, forget what is not any more, and
    how far the round has come (`upto`; 0: through with all)."""
    kinds = {fault.attachment_id: fault.kind for fault in faults}
    with unit_of_work() as session:
        sound = [one for one in looked_at if one not in kinds]
        session.execute(delete(MediaFault).where(F.attachment_id.in_(sound)))
        if kinds:
            _insert(session.get_bind().dialect, list(kinds.items()))
        if upto is None:
            return
        here = session.get(MediaRound, _ROUND_ID)
        if here is None:
            session.add(here := MediaRound(id=_ROUND_ID))
        here.upto = upto
        if upto == 0:
            here.whole_at = clock.now()


def _insert(dialect: Dialect, kinds: Sequence[tuple[int, Kind]]) -> None:
    moment = clock.now()
    rows = [{"attachment_id": one, "kind": kind, "seen_at": moment} for one, kind in kinds]
    db.session.execute(_NOTES[dialect.name], rows)
