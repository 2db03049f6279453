"""Who came, who renewed, who was lost: a pure function of the terms that members held.

A term is an entitlement that gave time, trials left out. What was taken back ends on the day it was taken
back; leaving and being removed end all. A later term renews when it reaches beyond the end of all
before it, and counts by the moment at which it was bought: before that end or at it (early), within
the days of grace after it (grace), or later (late).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.insights.months import Months

NEW, EARLY, GRACE, LATE = "new", "early", "grace", "late"
# What becomes of somebody at the end of his first term, besides being renewed.
LOST, OPEN, RUNNING = "lost", "open", "running"
FATES = (EARLY, GRACE, LATE, LOST, OPEN, RUNNING)
# Before a fate: of a first term, counted in the month of coming.
FIRST = "first "


@dataclass(frozen=True, slots=True)
class Term:
    """A stretch of access. `bought` is when it was granted; `until` None never ends. `taken_back`: it
    was ended by a refund or a lost dispute."""

    bought: datetime
    since: datetime
    until: datetime | None
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """All terms of one member, and when he left or was removed, if he did."""

    terms: Sequence[Term]
    gone: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An end that was reached or renewed: `fate` as above. `at`: of the renewal, else of the end."""

    fate: str
    at: datetime
    first: bool


@dataclass
class Flow:
    """One month: who came, renewed, came back late, was lost; `open` ended and may still renew."""

    new: int = 0
    early: int = 0
    grace: int = 0
    late: int = 0
    lost: int = 0
    open: int = 0


@dataclass
class Cohort:
    """Those who came in one month, and what became of their first term."""

    joined: int = 0
    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))

    @property
    def due(self) -> int:
        """Whose first term has ended or is renewed already."""
        return self.joined - self.fates[RUNNING]

    @property
    def renewed(self) -> int:
        """Who renewed it, however late."""
        return self.fates[EARLY] + self.fates[GRACE] + self.fates[LATE]

    @property
    def rate(self) -> float | None:
        """Renewed of those whose fate is decided; None while nobody's is."""
        decided = self.renewed + self.fates[LOST]
        return self.renewed / decided if decided else None


def follow(life: Life, *, now: datetime, grace: timedelta) -> tuple[datetime | None, list[Turn]]:
    """Return when somebody came (None: never) and every end since then, in order.

    An end that lies ahead gives no turn unless it is renewed already.
    """
    terms = sorted(life.terms, key=lambda term: (term.since, term.bought))
    if not terms:
        return None, []
    last, turns = terms[0], list[Turn]()
    end = last.until
    for term in terms[1:]:
        if end is None:
            break
        if term.until is not None and term.until <= end:
            continue
        turns += _ended(end, renewed=term.bought, now=now, grace=grace, first=not turns)
        last, end = term, term.until
    first = not any(turn.fate in (EARLY, GRACE, LATE) for turn in turns)
    if life.gone is not None and (end is None or life.gone < end):
        turns.append(Turn(LOST, life.gone, first))
    elif end is not None and end <= now:
        # Whoever has gone, or has his money back, is waited for no longer.
        given_up = life.gone is not None or last.taken_back or now >= end + grace
        turns.append(Turn(LOST if given_up else OPEN, end, first))
    return terms[0].since, turns


def _ended(
    end: datetime, *, renewed: datetime, now: datetime, grace: timedelta, first: bool
) -> list[Turn]:
    """A renewal; one that came late was a loss first."""
    if renewed <= end:
        return [Turn(EARLY, renewed, first)]
    if renewed < end + grace:
        return [Turn(GRACE, renewed, first)]
    return [Turn(LOST, end, False), Turn(LATE, renewed, first)]


def marks(life: Life, *, now: datetime, grace: timedelta) -> list[tuple[str, datetime]]:
    """Return what a life adds to the figures, and when: `new`, the fate of each turn, and, at the time of
    coming, the fate of the first term behind FIRST."""
    came, turns = follow(life, now=now, grace=grace)
    if came is None:
        return []
    fate = next((turn.fate for turn in turns if turn.first), RUNNING)
    return [(NEW, came), (FIRST + fate, came), *((turn.fate, turn.at) for turn in turns)]


def count(found: Iterable[tuple[str, int, int]], months: Months) -> tuple[list[Flow], list[Cohort]]:
    """Return what happened in each month, and what became of those who came in it, from `marks`: (what, place
    of the month, how many)."""
    flows = [Flow() for _ in months.firsts]
    cohorts = [Cohort() for _ in months.firsts]
    for what, month, number in found:
        if what.startswith(FIRST):
            cohorts[month].fates[what.removeprefix(FIRST)] += number
        else:
            setattr(flows[month], what, getattr(flows[month], what) + number)
        if what == NEW:
            cohorts[month].joined += number
    return flows, cohorts
