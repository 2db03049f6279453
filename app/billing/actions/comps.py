"""Complimentary access: staff give days, a date or for ever, with a reason, and can take it back.

To members it is given at once. By e-mail address it is an offer that waits for whoever proves to own the
address: neither the answer nor the list of members tells staff whether an account has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select

from app.accounts.addresses import normalise_email
from app.accounts.models import User
from app.billing.actions.codes import clean_reason
from app.billing.events import AccessOffered
from app.billing.models import CompOffer
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.text import tidy
from app.memberships.actions.granting import Terms, find_entitlement, start_membership
from app.memberships.models import Membership
from app.memberships.periods import Duration, Period
from app.memberships.rows import get_row, lock_here, person_of, planet_of
from app.memberships.settling import settle
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require

DAYS_MAX = 3_660
AT_ONCE = 200
# Of addresses that are none so many are named.
REFUSED_SHOWN = 20
TOKEN_MIN, TOKEN_MAX = 16, 40
_BETWEEN = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True, slots=True)
class Gift:
    """What is given: `days` after what is held; else until `ends_at`, for ever when that is None.

    `token` is the form's one-time key: sent twice, it is given once.
    """

    reason: str
    token: str
    days: int = 0
    ends_at: datetime | None = None


def give_to_members(actor: Actor, *, members: Sequence[str], gift: Gift) -> int:
    """Give it to members by their public ids; returns to how many. All of them or none.

    Those whose access has no end are passed over; NotFound for somebody who is none of the planet's;
    Invalid("members", "required") when nobody is named.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    period = _check(gift)
    if not members:
        raise Invalid("members", "required")
    if len(members) > AT_ONCE:
        raise Invalid("members", "amount", low=1, high=AT_ONCE)
    rows = [get_row(actor, public_id) for public_id in sorted(set(members))]
    return sum(_give(actor, row, period, gift) for row in rows)


def offer_by_address(actor: Actor, *, addresses: str, gift: Gift) -> int:
    """Offer it to whoever owns the addresses, separated by spaces, commas or lines; returns how many
    addresses there were. The answer is the same whoever they belong to. Invalid("addresses", …)."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    _check(gift)
    emails = read_addresses(addresses)
    moment = clock.now()
    waiting = set(
        db.session.scalars(
            select(CompOffer.email).where(
                CompOffer.planet_id == planet_of(actor),
                CompOffer.email.in_(emails),
                CompOffer.taken_at.is_(None),
                CompOffer.revoked_at.is_(None),
                CompOffer.days == gift.days,
                CompOffer.reason == tidy(gift.reason),
            )
        )
    )
    fresh = [
        CompOffer(
            planet_id=planet_of(actor),
            email=email,
            days=gift.days,
            ends_at=gift.ends_at,
            reason=tidy(gift.reason),
            created_at=moment,
            created_by=person_of(actor),
        )
        for email in emails
        if email not in waiting
    ]
    db.session.add_all(fresh)
    db.session.flush()
    for offer in fresh:
        put(AccessOffered(offer_id=offer.id))
    record(
        "comp.offer",
        actor_id=actor.user_id,
        planet_id=planet_of(actor),
        subject=("comp_offer", fresh[0].id if fresh else None),
        reason=tidy(gift.reason),
        count=len(emails),
    )
    return len(emails)


def find_open_offer(offer_id: int) -> CompOffer | None:
    """Return an offer by its row id; None when it was taken up, revoked or is over."""
    return db.session.scalar(_open(CompOffer.id == offer_id))


def take_offer(actor: Actor, *, offer_id: str) -> Membership:
    """Take up what was offered to one's own confirmed address. NotFound for others' and closed ones."""
    require(actor, Action.CODE_REDEEM)
    email = db.session.scalar(select(User.email).where(User.id == person_of(actor)))
    offer = db.session.scalar(
        _open(CompOffer.public_id == offer_id, CompOffer.email == email)
        .where(CompOffer.planet_id == planet_of(actor))
        .with_for_update()
    )
    if offer is None:
        raise NotFound
    offer.taken_at, offer.taken_by = clock.now(), person_of(actor)
    record(
        "comp.take",
        actor_id=actor.user_id,
        planet_id=offer.planet_id,
        subject=("comp_offer", offer.id),
        reason=offer.reason,
    )
    return start_membership(
        None,
        planet_id=offer.planet_id,
        user_id=person_of(actor),
        source="comp",
        source_ref=offer.public_id,
        period=_period(offer.days, offer.ends_at),
        grant=Terms(reason=offer.reason),
    )


def revoke_offer(actor: Actor, *, offer_id: str) -> None:
    """Take back an offer that nobody took up. Conflict when somebody did."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    offer = lock_here(CompOffer, actor, offer_id)
    if offer.taken_at is not None:
        raise Conflict("offer")
    if offer.revoked_at is None:
        offer.revoked_at = clock.now()
        record(
            "comp.offer_revoke",
            actor_id=actor.user_id,
            planet_id=offer.planet_id,
            subject=("comp_offer", offer.id),
        )


def revoke_comp(actor: Actor, *, ref: str, reason: str) -> None:
    """End what was given for nothing, by the reference of its cause. Twice is once; what comes after
    it moves forward (R20)."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    reason = clean_reason(reason)
    row = find_entitlement("comp", ref)
    if row is None:
        raise NotFound
    member = db.session.get_one(
        Membership, row.membership_id, with_for_update=True, populate_existing=True
    )
    if member.planet_id != planet_of(actor):
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        settle(member)
        note(actor, "comp.revoke", member, reason=reason)


def list_own_offers(actor: Actor) -> list[CompOffer]:
    """Return what waits in this planet for the actor's own confirmed address."""
    if actor.user_id is None or not actor.confirmed:
        return []
    email = db.session.scalar(select(User.email).where(User.id == actor.user_id))
    return list(
        db.session.scalars(
            _open(CompOffer.planet_id == planet_of(actor), CompOffer.email == email).order_by(
                CompOffer.id
            )
        )
    )


def _open(*clauses: ColumnElement[bool]) -> Select[CompOffer]:
    return select(CompOffer).where(
        *clauses,
        CompOffer.taken_at.is_(None),
        CompOffer.revoked_at.is_(None),
        CompOffer.ends_at.is_(None) | (CompOffer.ends_at > clock.now()),
    )


def _check(gift: Gift) -> Period | Duration:
    """Return how long it lasts. Invalid for the first field that is wrong."""
    clean_reason(gift.reason)
    if not TOKEN_MIN <= len(gift.token) <= TOKEN_MAX:
        raise Invalid("token", "required")
    if not 0 <= gift.days <= DAYS_MAX:
        raise Invalid("days", "amount", low=1, high=DAYS_MAX)
    if not gift.days and gift.ends_at is not None and gift.ends_at <= clock.now():
        raise Invalid("ends_at", "past")
    return _period(gift.days, gift.ends_at)


def _period(days: int, ends_at: datetime | None) -> Period | Duration:
    return Duration(days=days) if days else Period(clock.now(), ends_at)


def _give(actor: Actor, member: Membership, period: Period | Duration, gift: Gift) -> bool:
    """Give it to one member; False for whom it would be nothing, or who has it from this form."""
    ref = f"{gift.token}-{member.public_id}"
    gone = member.removed_at is not None or member.joined_at is None
    endless = member.left_at is None and member.expires_at is None
    staffed = member.left_at is None and member.role != PlanetRole.MEMBER.value
    if gone or endless or staffed or find_entitlement("comp", ref) is not None:
        return False
    start_membership(
        actor,
        planet_id=member.planet_id,
        user_id=member.user_id,
        source="comp",
        source_ref=ref,
        period=period,
        grant=Terms(reason=tidy(gift.reason)),
    )
    ends = gift.ends_at.isoformat() if gift.ends_at else ""
    note(actor, "comp.give", member, reason=tidy(gift.reason), days=gift.days, ends=ends)
    return True


def read_addresses(typed: str) -> list[str]:
    """Return addresses as accounts have them, each once. Invalid("addresses", …): none, too many, or
    `comp_address` with all that signing up would refuse."""
    parts = list(dict.fromkeys(part.lower() for part in _BETWEEN.split(typed) if part))
    if not parts:
        raise Invalid("addresses", "required")
    if len(parts) > AT_ONCE:
        raise Invalid("addresses", "comp_too_many", high=AT_ONCE)
    emails: dict[str, None] = {}
    refused: list[str] = []
    for part in parts:
        try:
            emails[normalise_email(part)] = None
        except Invalid:
            refused.append(part)
    if refused:
        named = " · ".join(each[:80] for each in refused[:REFUSED_SHOWN])
        more = " …" if len(refused) > REFUSED_SHOWN else ""
        raise Invalid("addresses", "comp_address", refused=named + more)
    return list(emails)
