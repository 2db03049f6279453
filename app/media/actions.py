"""Storing, attaching and deleting uploads.

Bytes are written before the row and outside any transaction: a row always has its bytes, and bytes
without a row are swept by `sweeping`.
"""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from sqlalchemy import delete, func, select, update

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid
from app.kernel.ids import new_public_id
from app.media import pictures
from app.media.models import Attachment
from app.media.quota import BAD_CODES, check_bad_pictures, check_quota, count_bad_picture
from app.media.storage import Storage
from app.policy import Action, Actor
from app.policy.gate import require

MAX_IMAGES = 9
MAX_FILES = 9
# Uploads that nobody attached yet, per person: enough for a few composers, too few to fill a disk.
MAX_WAITING = 60
ORPHANS_KEPT = timedelta(days=2)
LEFT_AFTER = timedelta(hours=1)
# A photograph of fifty megapixels has up to thirty.
IMAGE_MAX_MIB = 50
PICTURE_MAX_MIB = 30
_FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')


@dataclass(frozen=True, slots=True)
class Upload:
    """What a browser sent: its name for the file, and a seekable stream of the content."""

    filename: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """An upload that was taken, and what its sender should be told of it (`pictures.Picture.note`)."""

    row: Attachment
    note: str = ""


def store_image(actor: Actor, *, storage: Storage, upload: Upload) -> Stored:
    """Re-encode an image and keep it waiting for its owner. Opens its own unit of work.

    Invalid: `too_large` (MiB), `too_many_waiting`, `quota_full` (MiB), and what
    `pictures.read` says.
    """
    require(actor, Action.UPLOAD)
    _check_size(upload.stream, IMAGE_MAX_MIB)
    _check_waiting(actor)
    check_quota(actor, size=0)
    full, thumbnail = _read(actor, upload, "picture")
    row = _row(actor, upload, purpose="image", picture=full)
    row.thumbnail_key = f"{row.storage_key}-t"
    storage.put(row.thumbnail_key, io.BytesIO(thumbnail.data))
    return Stored(_keep(storage, row, io.BytesIO(full.data)), full.note)


def store_file(actor: Actor, *, storage: Storage, upload: Upload, max_mib: int) -> Attachment:
    """Keep a file waiting for its owner, as it is. Opens its own unit of work. Errors as above."""
    require(actor, Action.UPLOAD)
    size = _check_size(upload.stream, max_mib)
    if size == 0:
        raise Invalid("file", "empty_file")
    _check_waiting(actor)
    check_quota(actor, size=size)
    row = _row(actor, upload, purpose="file", picture=None)
    return _keep(storage, row, upload.stream)


def store_picture(
    actor: Actor, *, storage: Storage, upload: Upload, purpose: str, planet_id: int | None = None
) -> str:
    """Keep an avatar or a cover (`purpose`), readable by everyone; returns its public id.

    Opens its own unit of work. The caller writes the public id on the owning row; Invalid as above.
    """
    _check_size(upload.stream, PICTURE_MAX_MIB)
    check_quota(actor, size=0)
    (picture,) = _read(actor, upload, "avatar" if purpose == "avatar" else "cover")
    row = _row(actor, upload, purpose=purpose, picture=picture)
    row.planet_id = planet_id
    row.owner_type, row.owner_id = "picture", 0
    return _keep(storage, row, io.BytesIO(picture.data)).public_id


def attach(
    actor: Actor, *, owner_type: str, owner_id: int, public_ids: Sequence[str]
) -> list[Attachment]:
    """Give the owner exactly these attachments, in this order; those it had and are missing are
    dropped. Runs in the caller's unit of work, after the caller asked the policy.

    Invalid(`attachment_gone`) for an id that is not waiting from this actor nor held by the owner,
    `too_many_images`, `too_many_files`.
    """
    wanted = list(dict.fromkeys(public_ids))
    held = select(Attachment).where(
        Attachment.owner_type == owner_type, Attachment.owner_id == owner_id
    )
    had = {row.public_id: row for row in db.session.scalars(held)}
    waiting = select(Attachment).where(
        Attachment.public_id.in_(wanted),
        Attachment.owner_id.is_(None),
        Attachment.uploader_id == actor.user_id,
        Attachment.planet_id == (actor.planet.id if actor.planet else None),
    )
    known = had | {row.public_id: row for row in db.session.scalars(waiting)}
    if any(public_id not in known for public_id in wanted):
        raise Invalid("attachments", "attachment_gone")
    chosen = [known[public_id] for public_id in wanted]
    for purpose, limit in (("image", MAX_IMAGES), ("file", MAX_FILES)):
        if sum(row.purpose == purpose for row in chosen) > limit:
            raise Invalid("attachments", f"too_many_{purpose}s", limit=limit)
    for position, row in enumerate(chosen):
        row.owner_type, row.owner_id, row.position = owner_type, owner_id, position
    for public_id, row in had.items():
        if public_id not in wanted:
            row.owner_type, row.owner_id, row.created_at = "", None, clock.now()
    db.session.flush()
    return chosen


def discard(actor: Actor, *, storage: Storage, public_id: str) -> None:
    """Delete an upload of the actor's that nobody attached; silent when there is none."""
    with unit_of_work():
        row = db.session.scalar(
            select(Attachment).where(
                Attachment.public_id == public_id,
                Attachment.owner_id.is_(None),
                Attachment.uploader_id == actor.user_id,
            )
        )
        if row is None:
            return
        db.session.delete(row)
    _delete_bytes(storage, row.storage_key, row.thumbnail_key)


def discard_all(actor: Actor, *, storage: Storage) -> int:
    """Delete all uploads of somebody whose account is closed that stand in nothing they wrote: their
    picture, and what waited for a draft. Opens its own unit of work; returns how many."""
    with unit_of_work():
        theirs = select(Attachment.id, Attachment.storage_key, Attachment.thumbnail_key).where(
            Attachment.uploader_id == actor.user_id, Attachment.owner_id.is_(None)
        )
        gone = db.session.execute(theirs).all()
        db.session.execute(delete(Attachment).where(Attachment.id.in_([row.id for row in gone])))
    for row in gone:
        _delete_bytes(storage, row.storage_key, row.thumbnail_key)
    return len(gone)


def make_room(
    actor: Actor, *, storage: Storage, keep: Callable[[int | None], Collection[str]]
) -> int:
    """When as many uploads wait as may, discard what the actor left: in no draft of theirs (`keep`: public
    ids, by user id) and older than an hour. Returns how many.

    Without it, forms that were closed would block further uploads until the purge."""
    if _count_waiting(actor) < MAX_WAITING:
        return 0
    statement = select(Attachment.public_id).where(
        Attachment.uploader_id == actor.user_id,
        Attachment.owner_id.is_(None),
        Attachment.created_at < clock.now() - LEFT_AFTER,
        Attachment.public_id.not_in(list(keep(actor.user_id))),
    )
    left = list(db.session.scalars(statement))
    for public_id in left:
        discard(actor, storage=storage, public_id=public_id)
    return len(left)


def purge_orphans(storage: Storage, *, keep: Collection[str] = ()) -> int:
    """Delete uploads that waited for two days and are in no draft (`keep`: public ids). A timed job.

    Returns how many. Bytes go after the row is gone for good, so a crash leaves bytes, never a gap.
    """
    with unit_of_work():
        old = select(Attachment.id, Attachment.storage_key, Attachment.thumbnail_key).where(
            Attachment.owner_id.is_(None),
            Attachment.created_at < clock.now() - ORPHANS_KEPT,
            Attachment.public_id.not_in(list(keep)),
        )
        gone = db.session.execute(old.limit(500)).all()
        db.session.execute(delete(Attachment).where(Attachment.id.in_([row.id for row in gone])))
    for row in gone:
        _delete_bytes(storage, row.storage_key, row.thumbnail_key)
    return len(gone)


def release(owner_type: str, owner_id: int) -> None:
    """Let go of an owner's attachments (it was deleted for good); the purge sweeps them later."""
    db.session.execute(
        update(Attachment)
        .where(Attachment.owner_type == owner_type, Attachment.owner_id == owner_id)
        .values(owner_type="", owner_id=None, created_at=clock.now())
    )


def release_picture(public_id: str) -> None:
    """Let go of an avatar or cover that another has taken the place of; the purge deletes it.

    Runs in the caller's unit of work; nothing happens for "" or an unknown id.
    """
    db.session.execute(
        update(Attachment)
        .where(Attachment.public_id == public_id, Attachment.owner_type == "picture")
        .values(owner_type="", owner_id=None, created_at=clock.now())
    )


def withdraw_picture(public_id: str) -> None:
    """Let go of an avatar whose bearer is gone: from now on it is served to nobody, and the purge deletes it.

    Runs in the caller's unit of work; nothing happens for "" or an unknown id.
    """
    release_picture(public_id)
    db.session.execute(
        update(Attachment)
        .where(Attachment.public_id == public_id, Attachment.owner_type == "")
        .values(purpose="image")
    )


def clean_filename(name: str) -> str:
    """Return a name that is safe in a header and on any disk: no path, no control or bidi marks."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    kept = "".join(
        "_" if letter in _FORBIDDEN_IN_NAMES else letter
        for letter in base
        if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    ).strip(" .")
    if len(kept) <= 120:
        return kept or "file"
    stem, dot, ending = kept.rpartition(".")
    return f"{stem[: 120 - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else kept[:120]


def _read(actor: Actor, upload: Upload, kind: pictures.Kind) -> list[pictures.Picture]:
    """Return the re-encoded picture. Who sends several that have to be stopped waits for a while."""
    if actor.user_id is None:
        return pictures.read(upload.stream, kind)
    check_bad_pictures(actor.user_id)
    # No connection is held while the child works.
    db.session.rollback()
    try:
        return pictures.read(upload.stream, kind)
    except Invalid as refused:
        if refused.code in BAD_CODES:
            count_bad_picture(actor.user_id)
        raise


def _check_size(stream: IO[bytes], max_mib: int) -> int:
    stream.seek(0, os.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    if size > max_mib * 1024 * 1024:
        raise Invalid("file", "too_large", limit=max_mib)
    return size


def _check_waiting(actor: Actor) -> None:
    if _count_waiting(actor) >= MAX_WAITING:
        raise Invalid("file", "too_many_waiting", limit=MAX_WAITING)


def _count_waiting(actor: Actor) -> int:
    waiting = select(func.count()).where(
        Attachment.uploader_id == actor.user_id, Attachment.owner_id.is_(None)
    )
    return db.session.scalar(waiting) or 0


def _row(
    actor: Actor, upload: Upload, *, purpose: str, picture: pictures.Picture | None
) -> Attachment:
    public_id = new_public_id()
    return Attachment(
        public_id=public_id,
        planet_id=actor.planet.id if actor.planet else None,
        uploader_id=actor.user_id,
        purpose=purpose,
        filename=clean_filename(upload.filename),
        content_type=picture.content_type if picture else "application/octet-stream",
        size=0,
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        sha256="",
        storage_key=f"{public_id}-{new_public_id()}",
        created_at=clock.now(),
    )


def _keep(storage: Storage, row: Attachment, data: IO[bytes]) -> Attachment:
    digest = hashlib.sha256()
    while chunk := data.read(1024 * 1024):
        digest.update(chunk)
    row.sha256 = digest.hexdigest()
    data.seek(0)
    row.size = storage.put(row.storage_key, data)
    with unit_of_work() as session:
        session.add(row)
    return row


def _delete_bytes(storage: Storage, *keys: str) -> None:
    for key in keys:
        if key:
            storage.delete(key)
