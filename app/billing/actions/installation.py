"""The installation's kind of money: chosen once, when the database is made."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.billing.models import Installation
from app.kernel import clock
from app.kernel.db import db, unit_of_work


def choose(environment: str) -> str:
    """Write down what kind of money this database deals in, unless it was; returns what stands there."""
    held: str | None = db.session.scalar(select(Installation.environment))
    db.session.rollback()
    if held is not None:
        return held
    try:
        with unit_of_work() as session:
            row = session.get(Installation, 1)
            if row is None:
                row = Installation(id=1, environment=environment, chosen_at=clock.now())
                session.add(row)
            return row.environment
    except IntegrityError:
        # Another process was first in the same moment.
        return db.session.scalar(select(Installation.environment)) or environment


def find_mismatch(environment: str) -> str | None:
    """Return what is wrong, and the mend, when this database was made for another kind of money."""
    held = choose(environment)
    if held == environment:
        return None
    return (
        f"this database was made for {held!r} payments, the settings say {environment!r}: set "
        f"PLANETARIUM_PAYMENTS={held}, use a new database, or move this one: "
        f"flask payments move-to {environment}"
    )
