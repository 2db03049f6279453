"""Shares: what part of a plan's income, or of questions put to somebody, is owed to him."""

from __future__ import annotations

from sqlalchemy import func, select

from app.billing.models import IncomeShare, Plan
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.models import Membership
from app.memberships.rows import lock_here, person_of, planet_of
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require

# With the installation's own part (50 at most) no more than everything is given away.
ALL_SHARES = 50
SHARED_WITH = (PlanetRole.PARTNER, PlanetRole.ADMIN, PlanetRole.GUEST)


def add_share(actor: Actor, *, member_id: str, plan_id: str, percent: int) -> IncomeShare:
    """Owe somebody a part of what a plan brings in from now on; `plan_id` "": of questions put to him.

    Refused by the policy; Invalid("member" or "percent", …): all shares of a plan together are at most
    half of it; NotFound for a plan of another planet.
    """
    require(actor, Action.PLANS_EDIT)
    member = db.session.scalar(
        select(Membership).where(
            Membership.public_id == member_id,
            Membership.planet_id == planet_of(actor),
            Membership.role.in_(SHARED_WITH),
        )
    )
    if member is None:
        raise Invalid("member", "choice")
    # Locked: two shares of one plan are added one after the other.
    plan = lock_here(Plan, actor, plan_id) if plan_id else None
    held = select(func.coalesce(func.sum(IncomeShare.percent), 0)).where(
        IncomeShare.planet_id == planet_of(actor),
        IncomeShare.plan_id == (plan.id if plan else None),
        IncomeShare.ended_at.is_(None),
    )
    if plan is None:
        held = held.where(IncomeShare.user_id == member.user_id)
    left = ALL_SHARES - int(db.session.scalar(held) or 0)
    if not 1 <= percent <= left:
        raise Invalid("percent", "share_left", high=max(left, 0))
    share = IncomeShare(
        planet_id=planet_of(actor),
        plan_id=plan.id if plan else None,
        user_id=member.user_id,
        percent=percent,
        created_at=clock.now(),
        created_by=person_of(actor),
    )
    db.session.add(share)
    db.session.flush()
    _note(actor, "share.add", share)
    return share


def end_share(actor: Actor, *, share_id: str) -> None:
    """Owe no more of it from now on; what was booked stays. Twice is once."""
    require(actor, Action.PLANS_EDIT)
    share = lock_here(IncomeShare, actor, share_id)
    if share.ended_at is None:
        share.ended_at = clock.now()
        _note(actor, "share.end", share)


def _note(actor: Actor, action: str, share: IncomeShare) -> None:
    record(
        action,
        actor_id=actor.user_id,
        planet_id=share.planet_id,
        subject=("income_share", share.id),
        percent=share.percent,
        name=f"{share.percent}%",
    )
