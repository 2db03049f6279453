"""Taking membership up with a code: what was typed is told apart, and one use is one use (R24)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.places import network_key
from app.billing.actions.codes import use_ref
from app.billing.actions.seats import take_seat
from app.billing.codebook import hash_code, read_code
from app.billing.gateway import gateways
from app.billing.models import CodeBatch, CodeUse, Order, Plan, PlanVersion, RedemptionCode
from app.billing.prices import lasts
from app.kernel import clock, limits
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships.actions.granting import Terms, start_membership
from app.memberships.models import Membership
from app.memberships.periods import Duration, Period
from app.memberships.rows import make_row, person_of, planet_of
from app.policy import Action, Actor
from app.policy.gate import require

# Wrong tries: a slip is forgiven, guessing is not. They are counted in the database.
HOUR = timedelta(hours=1)
PER_PERSON = 10
PER_NETWORK = 30
_WRONG = frozenset({"code_mistyped", "code_unknown", "code_elsewhere"})


def redeem(actor: Actor, *, typed: str, address: str) -> Membership:
    """Use a code up for the actor and begin his membership or add to it; he need not be let in.

    Opens units of work of its own, because wrong tries count also when nothing else happens. Refused by
    the policy; LimitReached after too many wrong tries of this person, or from this network `address`;
    Invalid("code", …): `code_mistyped` (never given out: look again), `code_unknown`,
    `code_elsewhere` (of another planet), `code_revoked`, `code_ended`, `code_used_by_you`,
    `code_used_up`, `code_sold_out` (its plan has no seat left).
    """
    require(actor, Action.CODE_REDEEM)
    _stop_guessing(actor, address)
    try:
        with unit_of_work():
            return _redeem(actor, typed)
    except Invalid as error:
        if error.code in _WRONG:
            _count_wrong(actor, address)
        raise


def _redeem(actor: Actor, typed: str) -> Membership:
    user_id, planet_id = person_of(actor), planet_of(actor)
    code, batch = _find(typed)
    _check(code, batch, planet_id=planet_id, user_id=user_id)
    # In the order in which buyers lock, so that nobody waits for somebody who waits for him.
    make_row(planet_id, user_id)
    plan = db.session.get(Plan, batch.plan_id) if batch.plan_id is not None else None
    if plan is not None:
        _take_seat(plan, user_id)
    _use_up(code, user_id)
    record(
        "code.redeem",
        actor_id=user_id,
        planet_id=planet_id,
        subject=("code_batch", batch.id),
        name=batch.name,
        tail=code.tail,
    )
    return start_membership(
        None,
        planet_id=planet_id,
        user_id=user_id,
        source="code",
        source_ref=use_ref(code.id, user_id),
        period=_period(batch),
        grant=Terms(
            environment=batch.environment,
            plan_ref=plan.public_id if plan is not None else "",
            reason=batch.name,
        ),
    )


def _find(typed: str) -> tuple[RedemptionCode, CodeBatch]:
    code = read_code(typed)
    if code is None:
        raise Invalid("code", "code_mistyped")
    row = db.session.execute(
        select(RedemptionCode, CodeBatch)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .where(
            RedemptionCode.code_hash == hash_code(code),
            CodeBatch.environment == gateways.environment,
        )
    ).one_or_none()
    if row is None:
        raise Invalid("code", "code_unknown")
    return row[0], row[1]


def _check(code: RedemptionCode, batch: CodeBatch, *, planet_id: int, user_id: int) -> None:
    """Say what is the matter with a code that was given out."""
    if batch.planet_id != planet_id:
        raise Invalid("code", "code_elsewhere")
    if db.session.get(CodeUse, (code.id, user_id)) is not None:
        raise Invalid("code", "code_used_by_you")
    if batch.revoked_at is not None or code.revoked_at is not None:
        raise Invalid("code", "code_revoked")
    if batch.ends_at is not None and batch.ends_at <= clock.now():
        raise Invalid("code", "code_ended")
    if code.uses_left < 1:
        raise Invalid("code", "code_used_up")


def _use_up(code: RedemptionCode, user_id: int) -> None:
    """Take one use. The conditional statement decides who gets the last one, the key that nobody
    takes two; whatever fails afterwards gives it back with the transaction."""
    taken = db.session.execute(
        update(RedemptionCode)
        .where(
            RedemptionCode.id == code.id,
            RedemptionCode.uses_left > 0,
            RedemptionCode.revoked_at.is_(None),
            RedemptionCode.batch_id.in_(
                select(CodeBatch.id).where(
                    CodeBatch.id == code.batch_id, CodeBatch.revoked_at.is_(None)
                )
            ),
        )
        .values(uses_left=RedemptionCode.uses_left - 1)
        .returning(RedemptionCode.id)
        .execution_options(synchronize_session=False)
    )
    if taken.one_or_none() is None:
        raise Invalid("code", "code_used_up")
    try:
        with db.session.begin_nested():
            db.session.add(CodeUse(code_id=code.id, user_id=user_id, used_at=clock.now()))
    except IntegrityError:
        raise Invalid("code", "code_used_by_you") from None


def _take_seat(plan: Plan, user_id: int) -> None:
    try:
        take_seat(plan, user_id=user_id)
    except Conflict:
        raise Invalid("code", "code_sold_out") from None


def _period(batch: CodeBatch) -> Period | Duration:
    """Return how long a code lasts: as its batch says, or as the terms that a gift was bought at."""
    if batch.months or batch.days:
        return Duration(months=batch.months, days=batch.days)
    order = db.session.get_one(Order, batch.order_id)
    period = lasts(db.session.get_one(PlanVersion, order.plan_version_id))
    return Period(clock.now(), period.ends) if isinstance(period, Period) else period


def _keys(actor: Actor, address: str) -> tuple[tuple[str, int], ...]:
    return (
        (f"code:person:{actor.user_id}", PER_PERSON),
        (f"code:network:{network_key(address)}", PER_NETWORK),
    )


def _stop_guessing(actor: Actor, address: str) -> None:
    for key, limit in _keys(actor, address):
        if limits.peek(key, window=HOUR) >= limit:
            # One more than allowed: says when the hour is over, and is not written down.
            with unit_of_work():
                limits.hit(key, limit=limit, window=HOUR)


def _count_wrong(actor: Actor, address: str) -> None:
    with unit_of_work():
        for key, limit in _keys(actor, address):
            limits.hit(key, limit=limit + PER_NETWORK, window=HOUR)
