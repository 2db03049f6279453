"""Granting access: the one way in, whatever paid for it; for one person and for many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Refused
from app.memberships.backing import STAFF
from app.memberships.events import MembershipStarted
from app.memberships.facts import standing_of
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration, Period
from app.memberships.rows import (
    PlanetTerms,
    Whose,
    claim_any_names,
    get_terms,
    give_numbers,
    make_rows,
)
from app.memberships.settling import (
    Stillness,
    list_entitlements_of,
    read_stillness,
    settle_by,
)
from app.outbox.events import put_all
from app.policy import Actor, Grace, PlanetRole, Reason, Standing

# Whom a question can be put to from the start; each can switch it off for himself.
ANSWERERS = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST)
INSIDE = (Standing.ACTIVE, Standing.GRACE)
_RANK = tuple(role.value for role in reversed(PlanetRole))
# How often others may take a name or a cause in the same moment.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """What comes with an entitlement; see `models.Entitlement` for the words. `since`: when a duration
    was bought, now when None."""

    since: datetime | None = None
    environment: str = ""
    plan_ref: str = ""
    grace: Grace = Grace.PLANET
    reads_from: datetime | None = None
    trial: bool = False
    reason: str = ""


FREE = Terms()


@dataclass(frozen=True, slots=True)
class Wish:
    """That somebody's access to a planet begins or grows.

    `source` and `source_ref` name the cause (founder, open, approval, invitation, an order …): the
    same cause again changes nothing. `role` None keeps the role of somebody inside and makes others
    members; it never lowers one. `terms` say more of what is given. `waits`: it was asked for before its
    person left, who is not let in by it; it waits until they come back.
    """

    planet_id: int
    user_id: int
    source: str
    source_ref: str
    period: Period | Duration
    role: PlanetRole | None = None
    terms: Terms = FREE
    waits: bool = False

    @property
    def cause(self) -> tuple[str, str]:
        """What it is granted for, once for ever."""
        return self.source, self.source_ref

    @property
    def whose(self) -> Whose:
        """Whose row it is about."""
        return self.planet_id, self.user_id


@dataclass(frozen=True, slots=True)
class Granted:
    """What came of granting: `fresh` when it was granted and settled just now."""

    member: Membership
    entitlement: Entitlement
    fresh: bool


def start_membership(
    actor: Actor | None,
    *,
    planet_id: int,
    user_id: int,
    source: str,
    source_ref: str,
    period: Period | Duration,
    role: PlanetRole | None = None,
    grant: Terms = FREE,
) -> Membership:
    """Begin somebody's access to a planet, or add to it; see `Wish` for the words, `grant_all` for
    what comes of it. Refused(removed) until staff readmit."""
    wish = Wish(planet_id, user_id, source, source_ref, period, role, grant)
    [given] = grant_all(actor, [wish])
    if isinstance(given, Refused):
        raise given
    return given.member


def grant_all(actor: Actor | None, wishes: Sequence[Wish]) -> list[Granted | Refused]:
    """Grant wishes, one after the other; returns what came of each, Refused(removed) where somebody was
    removed and not readmitted.

    `actor` is who granted them, None for the system; who may cause it is asked by the caller. Access
    that never ends stays so, unless it was given up by leaving. Conflict when a cause belongs to
    somebody else.
    """
    members = make_rows([wish.whose for wish in wishes])
    for _try in range(_TRIES):
        try:
            with db.session.begin_nested():
                given = _grant_round(actor, wishes, members)
        except IntegrityError:
            # A name or a cause was taken in this moment: the next round sees by whom.
            continue
        put_all(
            [
                MembershipStarted(membership_id=each.member.id, period_id=each.entitlement.id)
                for each in given
                if isinstance(each, Granted) and each.fresh and each.member.left_at is None
            ]
        )
        return given
    raise Conflict(wishes[0].source)


def find_entitlement(source: str, source_ref: str) -> Entitlement | None:
    """Return what was granted for a cause, None when nothing was."""
    return db.session.scalar(
        select(Entitlement).where(
            Entitlement.source == source, Entitlement.source_ref == source_ref
        )
    )


def find_causes(causes: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return for which of these causes, as (source, source_ref), something was granted."""
    return set(_granted_for(causes))


def _granted_for(causes: Collection[tuple[str, str]]) -> dict[tuple[str, str], Entitlement]:
    granted: dict[tuple[str, str], Entitlement] = {}
    for source in {source for source, _ref in causes}:
        refs = [ref for each, ref in causes if each == source]
        known = select(Entitlement).where(
            Entitlement.source == source, Entitlement.source_ref.in_(refs)
        )
        granted |= {(source, row.source_ref): row for row in db.session.scalars(known)}
    return granted


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What granting reads, fetched once for all wishes; rows granted meanwhile are put there."""

    granted: dict[tuple[str, str], Entitlement]
    rows: dict[int, list[Entitlement]]
    terms: dict[int, PlanetTerms]
    still: dict[int, Stillness]


def _grant_round(
    actor: Actor | None, wishes: Sequence[Wish], members: Mapping[Whose, Membership]
) -> list[Granted | Refused]:
    shelf = _fill_shelf(wishes, members)
    new = [wish for wish in wishes if wish.cause not in shelf.granted]
    coming = {wish.whose: members[wish.whose] for wish in new}.values()
    let_in = [member for member in coming if member.removed_at is None]
    # In memory, and written at once afterwards.
    with db.session.no_autoflush:
        give_numbers(let_in)
        claim_any_names(let_in)
        return [_grant(actor, wish, members[wish.whose], shelf) for wish in wishes]


def _fill_shelf(wishes: Sequence[Wish], members: Mapping[Whose, Membership]) -> _Shelf:
    planets = {wish.planet_id for wish in wishes}
    return _Shelf(
        granted=_granted_for([wish.cause for wish in wishes]),
        rows=list_entitlements_of([member.id for member in members.values()]),
        terms={planet_id: get_terms(planet_id) for planet_id in planets},
        still={planet_id: read_stillness(planet_id) for planet_id in planets},
    )


def _grant(actor: Actor | None, wish: Wish, member: Membership, shelf: _Shelf) -> Granted | Refused:
    if (granted := shelf.granted.get(wish.cause)) is not None:
        if granted.membership_id != member.id:
            raise Conflict(wish.source)
        return Granted(member, granted, fresh=False)
    if member.removed_at is not None:
        return Refused(Reason.REMOVED)
    terms = shelf.terms[wish.planet_id]
    before = standing_of(member, now=terms.moment(), grace=terms.grace)
    row = _entitle(member, wish, terms.zone)
    row.granted_by = actor.user_id if actor else None
    db.session.add(row)
    if not (wish.waits and member.left_at is not None):
        _admit(member, role=wish.role, inside=before in INSIDE, moment=clock.now())
    if member.role == PlanetRole.GUEST and wish.role is PlanetRole.GUEST:
        member.expires_at = row.ends_at
    shelf.granted[wish.cause] = row
    shelf.rows[member.id].append(row)
    settle_by(member, shelf.rows[member.id], shelf.still[wish.planet_id])
    return Granted(member, row, fresh=True)


def _entitle(member: Membership, wish: Wish, zone: str) -> Entitlement:
    moment = clock.now()
    row = Entitlement(
        membership_id=member.id,
        source=wish.source,
        source_ref=wish.source_ref,
        environment=wish.terms.environment,
        plan_ref=wish.terms.plan_ref,
        grace=wish.terms.grace.value,
        reads_from=wish.terms.reads_from,
        trial=wish.terms.trial,
        reason=wish.terms.reason,
        starts_at=wish.terms.since or moment,
        created_at=moment,
        since_at=moment,
        months=0,
        days=0,
    )
    if isinstance(wish.period, Duration):
        row.months, row.days = wish.period.months, wish.period.days
        # Kept with the months: a planet that moves to another zone moves nobody's end.
        row.zone = zone
    else:
        row.starts_at, row.ends_at = wish.period.starts, wish.period.ends
    return row


def _admit(member: Membership, *, role: PlanetRole | None, inside: bool, moment: datetime) -> None:
    """Let a row's person in, who has his number and his name; what kept him out is over."""
    if not inside:
        member.role = (role or PlanetRole.MEMBER).value
        member.read_through_at = moment
    elif role is not None and _RANK.index(role) > _RANK.index(member.role):
        member.role = role.value
    if member.role in STAFF:
        member.expires_at = None
    if member.role in ANSWERERS and (role is not None or not inside):
        member.takes_questions = True
    member.joined_at = member.joined_at or moment
    member.left_at = member.requested_at = member.declined_at = member.approved_at = None
