"""A demo whose planting was broken off: told by a mark in the data directory, and swept away.

The demo is planted by many units of work, so whoever presses Ctrl-C meanwhile leaves people without planets,
whose password everybody knows. The mark stands there from the first of them to the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from app.accounts.models import User
from app.cli.demo.cast import CAST, email_of
from app.kernel.db import db, unit_of_work
from app.kernel.emptying import empty

MARK = "demo_unfinished"
# What is written when a database is made, by nobody's deed.
_KEPT = frozenset({"installation"})


@contextmanager
def marked() -> Iterator[None]:
    """Mark the block as planting; the mark goes when the block ends well."""
    _mark().touch()
    yield
    _mark().unlink()


def is_unfinished() -> bool:
    """Whether a planting was broken off, and nobody but its people has an account since."""
    if not _mark().exists():
        return False
    known = [email_of(persona) for persona in CAST]
    return db.session.scalar(select(User.id).where(User.email.not_in(known)).limit(1)) is None


def sweep() -> None:
    """Delete all that a planting left which was broken off. Uploaded files without rows are purged later."""
    with unit_of_work() as session:
        empty(session.connection(), keep=_KEPT)
    _mark().unlink(missing_ok=True)


def _mark() -> Path:
    folder: Path = current_app.extensions["planetarium.settings"].data_dir
    return folder / MARK
