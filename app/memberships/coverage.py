"""Coverage: from when to when entitlements hold, a pure function of rows (BILLING.md, "The idea").

Fixed entitlements stand where they stand. Durations stack: each begins at its own moment or at the end
of what is held before it, whichever is later; so when one before it falls away it moves forward,
and back again when that one is lifted (R20). Calendar months that follow each other are a run: all are
counted from the day on which the first began, so clamping loses none (R7). While a planet is paused
no time passes: everything is placed in time without the pauses and then moved by their seconds, so
every end moves by exactly the pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.memberships.periods import Duration, months_later

# The zone of what was granted before months were counted in a planet's zone: each of them was counted
# by itself, in UTC without the pauses, and stays so.
BEFORE_ZONES = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """An entitlement as coverage sees it. `lasts` None: fixed, until `ends` (None never ends).

    `zone` is that of the calendar in which its months are counted. `holds` is whether it gives access
    now: neither revoked nor suspended. `cut` ends it early; it was decided at `cut_decided`, maybe
    before its time.
    """

    key: int
    starts: datetime
    ends: datetime | None = None
    lasts: Duration | None = None
    cut: datetime | None = None
    cut_decided: datetime | None = None
    holds: bool = True
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a grant because of the money behind it; `cut_at` None cuts nothing."""

    revoked: bool = False
    suspended: bool = False
    cut_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which the planet stood still. `ends` None: it still does."""

    starts: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a grant came to lie. `until` None never ends; `until` <= `since` holds nothing."""

    key: int
    since: datetime
    until: datetime | None
    holds: bool

    @property
    def empty(self) -> bool:
        """Whether it gives no time at all."""
        return self.until is not None and self.until <= self.since


@dataclass(frozen=True, slots=True)
class _Run:
    """Months without a gap between them: `months` of them from `since` to `until`, times without pauses.

    `gone` are the pauses before the first was bought: they lead back to the calendar of that day. Later
    ones move the end and never the length.
    """

    since: datetime
    until: datetime
    months: int
    gone: timedelta
    zone: str


def place(grants: Iterable[Grant], pauses: Sequence[Pause] = ()) -> list[Placed]:
    """Return each grant's place, in the order in which they are given.

    One that does not hold is placed where it would lie if it were lifted, and holds nothing back.
    """
    given = list(grants)
    fixed = [_fixed(grant, pauses) for grant in given if grant.lasts is None]
    running = [lot for lot in fixed if lot.holds and not lot.empty]
    placed = {lot.key: lot for lot in fixed}
    until: datetime | None = None
    run: _Run | None = None
    for grant in sorted((g for g in given if g.lasts is not None), key=_by_start):
        start = _begins(grant, until, running, pauses)
        counted = _count(grant, start, run, pauses)
        lot = _cut(grant, start, _ends(grant, start, counted), pauses)
        placed[grant.key] = lot
        if lot.holds and not lot.empty and lot.until is not None:
            until, run = lot.until, counted
    return [_real(placed[grant.key], pauses) for grant in given]


def held_until(placed: Iterable[Placed]) -> tuple[bool, datetime | None]:
    """Return whether anything holds at all, and the end of what is held: None never ends."""
    ends = [lot.until for lot in placed if lot.holds and not lot.empty]
    if not ends:
        return False, None
    known = [end for end in ends if end is not None]
    return True, max(known) if len(known) == len(ends) else None


def stands_still(moment: datetime, span: timedelta, pauses: Sequence[Pause]) -> datetime:
    """Return an end, later by the pauses that began within a span after it: what is counted from the
    end on, as days of grace, loses nothing by them."""
    over = [pause for pause in pauses if pause.ends is not None]
    return _paused(_unpaused(moment, over) + span, over) - span


def _by_start(grant: Grant) -> tuple[datetime, int]:
    return grant.starts, grant.key


def _fixed(grant: Grant, pauses: Sequence[Pause]) -> Placed:
    ends = _later(grant.starts, grant.ends, pauses) if grant.ends is not None else None
    return _cut(grant, _unpaused(grant.starts, pauses), ends, pauses)


def _begins(
    grant: Grant, until: datetime | None, fixed: Sequence[Placed], pauses: Sequence[Pause]
) -> datetime:
    """Return where a duration begins: at its own moment, or behind what is held then."""
    start = _unpaused(grant.starts, pauses)
    if until is not None:
        start = max(start, until)
    # A fixed one that covers the start pushes it on; those that begin later do not.
    for lot in sorted(fixed, key=lambda lot: lot.since):
        if lot.since <= start and lot.until is not None and lot.until > start:
            start = lot.until
    return start


def _count(grant: Grant, start: datetime, run: _Run | None, pauses: Sequence[Pause]) -> _Run | None:
    """Return the run that a duration's months go on with or begin; None when it has no months.

    Where the zone changes in between, the months last at least as long as from their own beginning.
    """
    assert grant.lasts is not None
    months = grant.lasts.months
    if not months:
        return None
    gone = grant.starts - _unpaused(grant.starts, pauses)
    alone = _Run(start, _months_on(start, months, gone, grant.zone), months, gone, grant.zone)
    if run is None or run.until != start:
        return alone
    months += run.months
    if grant.zone == BEFORE_ZONES:
        return replace(run, until=alone.until, months=months, zone=grant.zone)
    until = _months_on(run.since, months, run.gone, grant.zone)
    joined = replace(run, until=until, months=months, zone=grant.zone)
    return joined if run.zone == grant.zone or until >= alone.until else alone


def _months_on(since: datetime, months: int, gone: timedelta, zone: str) -> datetime:
    if zone == BEFORE_ZONES:
        return months_later(since, months)
    return months_later(since + gone, months, zone) - gone


def _ends(grant: Grant, start: datetime, counted: _Run | None) -> datetime:
    assert grant.lasts is not None
    return (counted.until if counted else start) + timedelta(days=grant.lasts.days)


def _cut(grant: Grant, since: datetime, until: datetime | None, pauses: Sequence[Pause]) -> Placed:
    if grant.cut is not None:
        cut = _later(grant.cut_decided or grant.cut, grant.cut, pauses)
        until = cut if until is None else min(until, cut)
        # What was cut before it began lies, empty, where it was cut.
        since = min(since, until)
    return Placed(grant.key, since, until, grant.holds)


def _later(decided: datetime, moment: datetime, pauses: Sequence[Pause]) -> datetime:
    """Return a moment that was fixed at `decided`, in time without pauses: later ones move it."""
    if moment <= decided:
        return _unpaused(moment, pauses)
    return _unpaused(decided, pauses) + (moment - decided)


def _unpaused(moment: datetime, pauses: Sequence[Pause]) -> datetime:
    """Return a moment in time without pauses; moments within one fall on its beginning."""
    gone = timedelta()
    for pause in pauses:
        if pause.starts < moment:
            ends = moment if pause.ends is None else min(pause.ends, moment)
            gone += ends - pause.starts
    return moment - gone


def _real(lot: Placed, pauses: Sequence[Pause]) -> Placed:
    until = _paused(lot.until, pauses) if lot.until is not None else None
    return Placed(lot.key, _paused(lot.since, pauses), until, lot.holds)


def _paused(moment: datetime, pauses: Sequence[Pause]) -> datetime:
    """Return a moment of time without pauses in real time: behind every pause that began before it.

    A pause that still lasts moves nothing yet: while it does, the clock of standing stands still.
    """
    for pause in sorted(pauses, key=lambda pause: pause.starts):
        if pause.ends is not None and pause.starts < moment:
            moment += pause.ends - pause.starts
    return moment
