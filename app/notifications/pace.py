"""How fast a receiving domain takes mail: as fast as we send, until it says that it was too fast.

Then its letters go one at a time, each `seconds` after the one before; a further refusal doubles that, a
letter that is taken halves it, and below half a minute the domain is as any other again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.reading import Ready
from app.notifications.models import MailPace, RefusedAddress

FIRST_SECONDS = 60
LEAST_SECONDS = 30
MOST_SECONDS = 3600
SKEW_SECONDS = 60


_TURN = Ready(select(MailPace.next_at).where(MailPace.domain == bindparam("domain")))
_REFUSED = Ready(
    select(RefusedAddress.address, RefusedAddress.refused_at).where(
        RefusedAddress.address.in_(bindparam("addresses", expanding=True))
    )
)


def domain_of(address: str) -> str:
    """Return the receiving domain of an address, in small letters."""
    return address.rpartition("@")[2].strip().lower()


def find_turn(address: str) -> datetime | None:
    """Return when the next letter may go to this address's domain; None for now."""
    row = _TURN.first(domain=domain_of(address))
    return row[0] if row is not None and _is_to_come(row[0]) else None


def is_slow(address: str) -> bool:
    """Whether this address's domain takes mail slowly, so that each letter takes a turn."""
    return _TURN.first(domain=domain_of(address)) is not None


def _is_to_come(turn: datetime) -> bool:
    """Whether a turn has to be waited for. No turn is farther away than the longest wait: such a one was
    written by a clock that was ahead."""
    moment = clock.now()
    return moment < turn <= moment + timedelta(seconds=MOST_SECONDS + SKEW_SECONDS)


def take_turn(address: str) -> datetime | None:
    """Take the turn of a domain that takes mail slowly, so that no other worker does; returns when the
    next one is if it was taken already, None when the letter may go."""
    moment = clock.now()
    with unit_of_work():
        row = db.session.get(MailPace, domain_of(address), with_for_update=True)
        if row is None:
            return None
        if _is_to_come(row.next_at):
            return row.next_at
        row.next_at = moment + timedelta(seconds=row.seconds)
    return None


def slow_down(address: str, words: str) -> None:
    """Send to this address's domain half as often from now on."""
    domain, moment = domain_of(address), clock.now()
    with unit_of_work() as session:
        row = session.get(MailPace, domain, with_for_update=True)
        if row is None:
            row = MailPace(domain=domain, seconds=FIRST_SECONDS // 2)
            session.add(row)
        row.seconds = min(row.seconds * 2, MOST_SECONDS)
        row.next_at = moment + timedelta(seconds=row.seconds)
        row.refused_at, row.words = moment, words


def was_taken(address: str) -> None:
    """Note that a letter was taken: the address works, and its domain takes mail again. Runs in the
    caller's unit of work."""
    domain = domain_of(address)
    if find_refused([address]):
        forget(address)
    if not is_slow(address):
        return
    half = select(MailPace.seconds / 2).where(MailPace.domain == domain).scalar_subquery()
    db.session.execute(
        delete(MailPace).where(MailPace.domain == domain, MailPace.seconds < 2 * LEAST_SECONDS)
    )
    db.session.execute(
        update(MailPace)
        .where(MailPace.domain == domain)
        .values(seconds=half)
        .execution_options(synchronize_session=False)
    )


def mark_refused(address: str, words: str) -> None:
    """Note that there is no such mailbox. Runs in the caller's unit of work."""
    db.session.execute(delete(RefusedAddress).where(RefusedAddress.address == address))
    db.session.add(RefusedAddress(address=address, refused_at=clock.now(), words=words))


def forget(address: str) -> None:
    """Forget that an address was refused: nobody has it here any more. In the caller's unit of work."""
    db.session.execute(delete(RefusedAddress).where(RefusedAddress.address == address))


def find_refused(addresses: list[str]) -> dict[str, datetime]:
    """Return which of these addresses were refused as no mailbox at all, and when."""
    if not addresses:
        return {}
    return {str(row[0]): row[1] for row in _REFUSED.rows(addresses=addresses)}


def purge(*, addresses_before: datetime, paces_before: datetime) -> None:
    """Forget what was refused before these moments. Runs in the caller's unit of work."""
    db.session.execute(delete(RefusedAddress).where(RefusedAddress.refused_at < addresses_before))
    db.session.execute(delete(MailPace).where(MailPace.refused_at < paces_before))


def list_slow() -> list[tuple[str, int, datetime, str]]:
    """Return the domains that take mail slowly: name, seconds between letters, the next turn, its words."""
    statement = select(MailPace.domain, MailPace.seconds, MailPace.next_at, MailPace.words)
    rows = db.session.execute(statement.order_by(MailPace.domain))
    return [(domain, seconds, next_at, words) for domain, seconds, next_at, words in rows]


def count_refused() -> int:
    """Return how many addresses have no mailbox."""
    return db.session.scalar(select(func.count()).select_from(RefusedAddress)) or 0
