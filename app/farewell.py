"""What goes with a person whose account closes, over all rooms; and that a restored backup revives nobody.

What they wrote stays under their name. Everything else that is theirs, or says how to reach them, goes at
once. Closed accounts are written, by their public ids, to a file beside the database that only grows. It
belongs into no backup: who is open in a restored database but stands in it is closed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from app.accounts.actions import Proof, close_account, close_again
from app.accounts.models import User
from app.accounts.queries import find_viewer_by_id
from app.billing.actions.forgetting import forget_address as forget_offers
from app.billing.actions.parting import leave_everywhere
from app.discussion.actions.forgetting import forget_private
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Refused
from app.kernel.logs import get_logger
from app.memberships.actions import forget_address as forget_invitations
from app.memberships.queries import site_actor
from app.notifications.post import forget_receiver
from app.policy import Actor
from app.search import past, saved

FILE = "closed-accounts.txt"

log = get_logger("farewell")


def close(actor: Actor, *, proof: Proof) -> None:
    """Close the actor's account. In the caller's unit of work; Refused(last_owner). `note` comes after it."""
    leave_everywhere(actor)
    email = db.session.get_one(User, actor.user_id).email
    close_account(actor, proof=proof)
    _forget(actor, email)


def note(folder: Path) -> int:
    """Write the closed accounts that are missing to the file in the data directory; returns how many."""
    closed = select(User.public_id).where(User.deactivated_at.is_not(None)).order_by(User.id)
    everybody = list(db.session.scalars(closed))
    db.session.rollback()
    known = read(folder)
    missing = [public_id for public_id in everybody if public_id not in known]
    if missing:
        try:
            _append(folder / FILE, missing)
        except OSError as error:
            # The account is closed all the same; the timed job writes it down when the disk has room.
            log.error("closed accounts could not be written down", exc_info=error)
            return 0
    return len(missing)


def read(folder: Path) -> set[str]:
    """Return the public ids in the file."""
    with suppress(FileNotFoundError):
        lines = (folder / FILE).read_text("ascii", errors="replace").splitlines()
        return {line.split()[0] for line in lines if line.strip()}
    return set()


def keep_closed(folder: Path) -> int:
    """Close again who is open but stands in the file, and note who is closed and does not. A timed job, and
    a command after a restore; returns how many were closed."""
    note(folder)
    again = 0
    for public_id in sorted(read(folder)):
        open_one = select(User.id).where(User.public_id == public_id, User.deactivated_at.is_(None))
        user_id = db.session.scalar(open_one)
        db.session.rollback()
        if user_id is not None:
            _close_again(user_id)
            again += 1
    if again:
        log.warning("closed again after a restore", accounts=again)
    return again


def _close_again(user_id: int) -> None:
    actor = site_actor(find_viewer_by_id(user_id), may_create=False)
    db.session.rollback()
    try:
        with unit_of_work():
            leave_everywhere(actor)
    except Refused:
        # They owned a planet when the backup was taken, and had handed it over since.
        log.error("a closed account owns a planet again; name another owner", user_id=user_id)
    with unit_of_work() as session:
        email = session.get_one(User, user_id).email
        close_again(actor)
        _forget(actor, email)


def _forget(actor: Actor, email: str) -> None:
    gone = db.session.get_one(User, actor.user_id).email
    past.forget_all(actor)
    saved.drop_all(actor)
    forget_private(actor)
    forget_receiver(actor, address=email, gone=gone)
    forget_invitations(actor, address=email, gone=gone)
    forget_offers(actor, address=email, gone=gone)


def _append(path: Path, public_ids: Iterable[str]) -> None:
    lines = "".join(f"{public_id} {clock.now():%Y-%m-%dT%H:%M:%SZ}\n" for public_id in public_ids)
    held = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(held, lines.encode())
        os.fsync(held)
    finally:
        os.close(held)
