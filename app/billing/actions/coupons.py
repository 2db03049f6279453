"""Coupons: made, ended, taken by an order, given back when it ends unpaid."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from app.billing.actions.offers import refuse_second
from app.billing.coupon_codes import coupon_key
from app.billing.models import Coupon, CouponUse
from app.billing.money import CURRENCIES
from app.billing.queries.plans import find_plan, get_version
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.rows import lock_here, person_of, planet_of
from app.planets.basics import tidy_line
from app.policy import Action, Actor
from app.policy.gate import require

LABEL_MAX = 40
USES_MAX = 1_000_000
PURPOSES = ("both", "join", "renewal")
DURATIONS = ("", "once", "repeating", "forever")
MONTHS_MAX = 36
_CODE = re.compile(r"[0-9A-Z\u4e00-\u9fff_-]{3,30}")


@dataclass(frozen=True, slots=True)
class CouponWish:
    """A coupon as typed. Either `percent` or `amount` with `currency`; `plan` is a plan's public id,
    "" for every plan; `duration` says which payments of a subscription become smaller (once, repeating
    for `months`, forever; "": it is for passes only); `uses` None is unlimited, so is `per_person`, how
    often one buyer may use it; `shown`: everybody is offered it."""

    code: str
    percent: int = 0
    amount: int = 0
    currency: str = ""
    plan: str = ""
    purpose: str = "both"
    duration: str = ""
    months: int = 0
    label: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    uses: int | None = None
    per_person: int | None = 1
    shown: bool = False


def find_problems(wish: CouponWish, now: datetime) -> list[Invalid]:
    """Return everything that is wrong with a coupon, in the order of the form."""
    found = []
    if not _CODE.fullmatch(coupon_key(wish.code)):
        found.append(Invalid("code", "coupon_code"))
    if wish.amount:
        if wish.currency not in CURRENCIES:
            found.append(Invalid("currency", "choice"))
    elif not 1 <= wish.percent <= 100:
        found.append(Invalid("percent", "amount", low=1, high=100))
    if wish.purpose not in PURPOSES:
        found.append(Invalid("purpose", "choice"))
    if wish.duration not in DURATIONS:
        found.append(Invalid("duration", "choice"))
    elif wish.duration == "repeating" and not 1 <= wish.months <= MONTHS_MAX:
        found.append(Invalid("months", "amount", low=1, high=MONTHS_MAX))
    if len(tidy_line(wish.label)) > LABEL_MAX:
        found.append(Invalid("label", "too_long", high=LABEL_MAX))
    if wish.ends_at is not None and wish.ends_at <= max(now, wish.starts_at or now):
        found.append(Invalid("ends_at", "coupon_dates"))
    if wish.uses is not None and not 1 <= wish.uses <= USES_MAX:
        found.append(Invalid("uses", "amount", low=1, high=USES_MAX))
    if wish.per_person is not None and not 1 <= wish.per_person <= USES_MAX:
        found.append(Invalid("per_person", "amount", low=1, high=USES_MAX))
    return found


def create_coupon(actor: Actor, *, wish: CouponWish) -> Coupon:
    """Make a coupon of the actor's planet. Invalid for the first problem, also for a code in use."""
    require(actor, Action.PLANS_EDIT)
    for problem in find_problems(wish, clock.now()):
        raise problem
    planet_id = planet_of(actor)
    plan = find_plan(planet_id, wish.plan) if wish.plan else None
    if wish.plan and plan is None:
        raise Invalid("plan", "choice")
    if plan is not None and get_version(plan).mode != "pass" and not wish.duration:
        raise Invalid("plan", "coupon_passes_only")
    coupon = Coupon(
        planet_id=planet_id,
        code=coupon_key(wish.code),
        percent=0 if wish.amount else wish.percent,
        amount=wish.amount,
        currency=wish.currency if wish.amount else "",
        plan_id=plan.id if plan else None,
        purpose=wish.purpose,
        duration=wish.duration,
        months=wish.months if wish.duration == "repeating" else 0,
        label=tidy_line(wish.label),
        shown=wish.shown,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        uses_left=wish.uses,
        per_person=wish.per_person,
        created_at=clock.now(),
        created_by=person_of(actor),
    )
    if coupon.shown:
        refuse_second(coupon)
    try:
        with db.session.begin_nested():
            db.session.add(coupon)
    except IntegrityError:
        raise Invalid("code", "coupon_taken") from None
    _note(actor, "coupon.create", coupon)
    return coupon


def end_coupon(actor: Actor, *, public_id: str) -> Coupon:
    """End a coupon now; orders that hold it keep their price."""
    require(actor, Action.PLANS_EDIT)
    coupon = lock_here(Coupon, actor, public_id)
    if coupon.ended_at is None:
        coupon.ended_at = clock.now()
        _note(actor, "coupon.end", coupon)
    return coupon


def take_use(coupon_id: int, *, order_id: int) -> None:
    """Take one use of a coupon for an order. Invalid("coupon", "coupon_used_up") when none is left.

    One conditional UPDATE decides: of any number of buyers at once no more come through than it has
    uses. The same order again takes nothing.
    """
    held = select(CouponUse.order_id).where(CouponUse.order_id == order_id)
    if db.session.scalar(held) is not None:
        return
    moment = clock.now()
    taken = db.session.execute(
        update(Coupon)
        .where(
            Coupon.id == coupon_id,
            Coupon.ended_at.is_(None),
            or_(Coupon.ends_at.is_(None), Coupon.ends_at > moment),
            or_(Coupon.uses_left.is_(None), Coupon.uses_left > 0),
        )
        .values(uses_left=Coupon.uses_left - 1)
        .returning(Coupon.id)
        .execution_options(synchronize_session=False)
    )
    if taken.one_or_none() is None:
        raise Invalid("coupon", "coupon_used_up")
    db.session.add(CouponUse(order_id=order_id, coupon_id=coupon_id, taken_at=moment))
    db.session.flush()


def give_back(order_id: int) -> None:
    """Give a use back because its order ended unpaid. Twice gives back one."""
    coupon_id = db.session.scalar(
        update(CouponUse)
        .where(CouponUse.order_id == order_id, CouponUse.given_back_at.is_(None))
        .values(given_back_at=clock.now())
        .returning(CouponUse.coupon_id)
        .execution_options(synchronize_session=False)
    )
    if coupon_id is None:
        return
    db.session.execute(
        update(Coupon)
        .where(Coupon.id == coupon_id, Coupon.uses_left.is_not(None))
        .values(uses_left=Coupon.uses_left + 1)
        .execution_options(synchronize_session=False)
    )


def _note(actor: Actor, action: str, coupon: Coupon) -> None:
    record(
        action,
        actor_id=actor.user_id,
        planet_id=coupon.planet_id,
        subject=("coupon", coupon.id),
        name=coupon.code,
        percent=coupon.percent,
        amount=coupon.amount,
        currency=coupon.currency,
        uses=coupon.uses_left,
        shown=coupon.shown,
    )
