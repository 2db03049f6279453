"""Delivering: run a claimed letter's handler, then mark it done, put it off or give it up.

A handler of an inside lane runs in one transaction with the mark `done`, which only one worker can set: one
effect, whatever happens.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.logs import get_logger, without_addresses
from app.outbox.claiming import Letter, claim, held, renew
from app.outbox.events import Handler, Lane, subscriptions
from app.outbox.models import OutboxDelivery
from app.outbox.pulse import FARTHEST

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
# With the delays above about 16 hours: a mail server may be down over night.
MAX_TRIES = 20

log = get_logger("outbox")


class Later(Exception):
    """Raised by a handler that has nothing to do before `moment` (aware); not a failure. It is asked again
    at that moment, or after `pulse.FARTHEST` if that is sooner."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment.isoformat())
        self.moment = moment


def delay_after(tries: int) -> timedelta:
    """Return how long to wait after the given number of tries: three times longer each, up to an
    hour, give or take a fifth so that letters that failed together do not come back together."""
    seconds = min(
        FIRST_DELAY.total_seconds() * 3 ** min(tries - 1, 12), LONGEST_DELAY.total_seconds()
    )
    return timedelta(seconds=seconds * (0.8 + secrets.randbelow(401) / 1000))


_DONE = (
    update(OutboxDelivery)
    .where(
        OutboxDelivery.id == bindparam("of"),
        OutboxDelivery.state == "pending",
        OutboxDelivery.tries == bindparam("held"),
    )
    .values(state="done", done_at=bindparam("now"), last_error="")
    .returning(OutboxDelivery.id)
)


def deliver_all(lane: Lane, letters: Sequence[Letter]) -> None:
    """Deliver letters of an inside lane: in one transaction, or where one of them fails each alone."""
    if lane.is_inside and len(letters) > 1 and _together(letters):
        return
    for letter in letters:
        deliver(letter)


def deliver(letter: Letter) -> None:
    """Run the letter's handler and settle the outcome; raises only when the database fails."""
    subscription = subscriptions.find(letter.event, letter.handler)
    if subscription is None:
        _bury(
            letter,
            f"no handler {letter.handler} for {letter.event} in this version; install the version "
            "that has it and retry, or purge",
        )
        return
    if letter.tries > MAX_TRIES:
        _bury(letter, f"the worker died or hung each of {MAX_TRIES} times it handled this")
        return
    run = _inside if subscription.lane.is_inside else _outside
    try:
        run(letter, subscription.handler)
    except Later as later:
        _put_off(letter, later.moment)
    except Exception as error:
        _failed(letter, error)


def deliver_due() -> int:
    """Deliver all that is due now in all lanes, in this process; returns how many letters.

    For tests and `flask outbox run`; the worker does the same lane by lane.
    """
    count = 0
    for lane in Lane:
        while letters := claim(lane):
            deliver_all(lane, letters)
            count += len(letters)
        subscriptions.rest(lane)
    return count


def _mark_done(session: Session, letter: Letter) -> bool:
    ours = {"of": letter.id, "held": letter.tries, "now": clock.now()}
    return session.connection().execute(_DONE, ours).first() is not None


def _together(letters: Sequence[Letter]) -> bool:
    """Run handlers in one transaction with the marks of all; False when that fails: then nothing happened.
    What was tried before is not tried together with others."""
    handlers = [subscriptions.find(letter.event, letter.handler) for letter in letters]
    if any(letter.tries > 1 for letter in letters) or None in handlers:
        return False
    try:
        with unit_of_work() as session:
            ours = _lock(session, letters)
            for letter, subscription in zip(letters, handlers, strict=True):
                if letter.id in ours and subscription is not None:
                    subscription.handler(letter.payload)
                    # No handler sees rows that another one loaded.
                    session.flush()
                    session.expire_all()
            marks = {"state": "done", "done_at": clock.now(), "last_error": ""}
            done = update(OutboxDelivery).where(OutboxDelivery.id.in_(ours)).values(marks)
            session.execute(done.execution_options(synchronize_session=False))
    except Exception as error:
        log.info("letters are delivered one by one", why=type(error).__name__)
        return False
    return True


def _lock(session: Session, letters: Sequence[Letter]) -> set[int]:
    """Return the ids of those that no other worker has taken meanwhile, locked; none was tried before."""
    ours = select(OutboxDelivery.id).where(
        OutboxDelivery.id.in_([letter.id for letter in letters]),
        OutboxDelivery.state == "pending",
        OutboxDelivery.tries == 1,
    )
    return set(session.scalars(ours.with_for_update()))


def _inside(letter: Letter, handler: Handler) -> None:
    with unit_of_work() as session:
        if _mark_done(session, letter):
            handler(letter.payload)


def _outside(letter: Letter, handler: Handler) -> None:
    if not renew(letter):
        return
    settle = handler(letter.payload)
    with unit_of_work() as session:
        if settle is not None:
            settle()
        _mark_done(session, letter)


def _put_off(letter: Letter, moment: datetime) -> None:
    latest = clock.now() + FARTHEST
    with unit_of_work() as session:
        next_try_at = min(moment, latest)
        session.execute(held(letter).values(tries=letter.tries - 1, next_try_at=next_try_at))


def _failed(letter: Letter, error: Exception) -> None:
    told = describe(error)
    log.warning(
        "delivery failed",
        handler=letter.handler,
        outbox_event=letter.event,
        event_id=letter.event_id,
        tries=letter.tries,
        exc_info=error,
    )
    if letter.tries >= MAX_TRIES:
        _bury(letter, told)
        return
    with unit_of_work() as session:
        session.execute(
            held(letter).values(
                next_try_at=clock.now() + delay_after(letter.tries), last_error=told
            )
        )


def _bury(letter: Letter, why: str) -> None:
    log.error("dead letter", handler=letter.handler, event_id=letter.event_id, why=why)
    with unit_of_work() as session:
        session.execute(held(letter).values(state="dead", last_error=why))


def describe(error: Exception) -> str:
    """Return an error's kind, its words (shortened, without addresses) and the line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    # Cut afterwards: half an address is still somebody's.
    return f"{type(error).__name__}: {without_addresses(str(error))[:500]}{place}"
