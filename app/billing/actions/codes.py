"""Redemption codes: staff make them in batches, download them once, and revoke them; gifts are codes.

A code is kept as its hash. So the codes of a batch are made at the moment they are downloaded; who made
the batch may repeat that once within an hour, for which they are derived from a seed that is kept so
long. A gift's code is derived from the house's key, so that its buyer can see it again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from app.billing.codebook import (
    PREFIX_MAX,
    REPEAT,
    derive_code,
    hash_code,
    is_prefix,
    is_repeatable,
    read_code,
    show,
)
from app.billing.gateway import gateways
from app.billing.house import house
from app.billing.models import CodeBatch, CodeUse, Order, Plan, PlanVersion, RedemptionCode
from app.billing.prices import lasts
from app.billing.states import OrderState
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.kernel.text import tidy
from app.memberships.actions.granting import find_entitlement
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration
from app.memberships.rows import lock_here, person_of, planet_of
from app.memberships.settling import settle
from app.policy import Action, Actor
from app.policy.gate import require

SIZE_MAX = 10_000
USES_MAX = 10_000
DAYS_MAX = 3_660
MONTHS_MAX = 120
NAME_MAX = 60
REASON_MAX = 300
# A gift is withdrawn while its money is not the planet's.
_LOST = (OrderState.REFUNDED, OrderState.CHARGED_BACK)


@dataclass(frozen=True, slots=True)
class BatchWish:
    """What staff want: `size` codes of so many days or months (one of them 0), each for `uses`
    people; `plan` is the public id of the plan whose seats they take, "" for none."""

    name: str
    size: int
    days: int = 0
    months: int = 0
    uses: int = 1
    prefix: str = ""
    plan: str = ""
    ends_at: datetime | None = None


def make_batch(actor: Actor, *, wish: BatchWish) -> CodeBatch:
    """Write a batch down; its codes are made when they are downloaded (`issue_codes`).

    Refused by the policy; Invalid for the first field that is wrong.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    prefix = wish.prefix.strip().upper()
    _check(wish, prefix)
    batch = CodeBatch(
        planet_id=planet_of(actor),
        plan_id=_find_plan(planet_of(actor), wish.plan),
        environment=gateways.environment,
        name=tidy(wish.name),
        prefix=prefix,
        months=wish.months,
        days=wish.days,
        uses=wish.uses,
        size=wish.size,
        ends_at=wish.ends_at,
        created_at=clock.now(),
        created_by=person_of(actor),
    )
    db.session.add(batch)
    db.session.flush()
    _note(actor, "codes.make", batch, size=wish.size, uses=wish.uses)
    return batch


def issue_codes(actor: Actor, *, batch_id: str) -> list[str]:
    """Make the codes of a batch and return them as people see them: once, for they are not kept.

    Conflict when they were downloaded or revoked already; NotFound outside the planet.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    batch = _lock_batch(actor, batch_id)
    if batch.downloaded_at is not None or batch.revoked_at is not None:
        raise Conflict("downloaded")
    batch.downloaded_at, batch.seed = clock.now(), secrets.token_hex(16)
    codes = _codes_of(batch)
    db.session.execute(insert(RedemptionCode), [_row(batch, code) for code in codes])
    _note(actor, "codes.download", batch)
    return [show(code, batch.prefix) for code in codes]


def repeat_codes(actor: Actor, *, batch_id: str) -> list[str]:
    """Return the codes of a batch once more, to whoever made it, within the hour: files get lost.

    Conflict for everybody else, afterwards, and when they were revoked; NotFound outside the planet.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    batch = _lock_batch(actor, batch_id)
    if (
        batch.revoked_at is not None
        or batch.created_by != actor.user_id
        or not is_repeatable(batch.downloaded_at, batch.seed, clock.now())
    ):
        raise Conflict("downloaded")
    codes = _codes_of(batch)
    batch.seed = ""
    held = select(RedemptionCode.code_hash).where(RedemptionCode.batch_id == batch.id)
    if set(db.session.scalars(held)) != {hash_code(code) for code in codes}:
        # The house's key was changed in between: these would open nothing.
        raise Conflict("downloaded")
    _note(actor, "codes.repeat", batch)
    return [show(code, batch.prefix) for code in codes]


def forget_seeds() -> int:
    """Forget what codes are derived from, where they cannot be downloaded again; returns how many."""
    with unit_of_work() as session:
        rows = session.execute(
            update(CodeBatch)
            .where(CodeBatch.seed != "", CodeBatch.downloaded_at <= clock.now() - REPEAT)
            .values(seed="")
            .returning(CodeBatch.id)
        )
        return len(rows.all())


def revoke_batch(actor: Actor, *, batch_id: str, reason: str) -> None:
    """Make what is left of a batch worthless; what was redeemed stays. Nothing happens twice.

    Invalid("reason", …) when none is given: people may hold these codes.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    reason = clean_reason(reason)
    batch = _lock_batch(actor, batch_id)
    if batch.revoked_at is None:
        batch.revoked_at = clock.now()
        _note(actor, "codes.revoke", batch, reason=reason)


def revoke_code(actor: Actor, *, typed: str, reason: str) -> None:
    """Make one code of the planet worthless. Invalid("code", …): mistyped, unknown."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    reason = clean_reason(reason)
    code = read_code(typed)
    if code is None:
        raise Invalid("code", "code_mistyped")
    row = db.session.execute(
        select(RedemptionCode, CodeBatch)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .where(RedemptionCode.code_hash == hash_code(code), CodeBatch.planet_id == planet_of(actor))
    ).one_or_none()
    if row is None:
        raise Invalid("code", "code_unknown")
    found, batch = row
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        _note(actor, "codes.revoke_one", batch, reason=reason, tail=found.tail)


def make_gift_code(order: Order) -> CodeBatch:
    """Make the code that a paid gift gives, once; withdraw it while the money went back, with what was
    redeemed by it. In the caller's transaction, the order locked."""
    batch = db.session.scalar(select(CodeBatch).where(CodeBatch.order_id == order.id))
    if batch is None:
        version = db.session.get_one(PlanVersion, order.plan_version_id)
        period = lasts(version)
        counted = period if isinstance(period, Duration) else None
        batch = CodeBatch(
            planet_id=order.planet_id,
            plan_id=order.plan_id,
            order_id=order.id,
            environment=order.environment,
            name=version.name,
            months=counted.months if counted else 0,
            days=counted.days if counted else 0,
            created_at=clock.now(),
            created_by=order.user_id,
            downloaded_at=clock.now(),
        )
        db.session.add(batch)
        db.session.flush()
        db.session.add(RedemptionCode(**_row(batch, _gift_code(order))))
        db.session.flush()
    state = OrderState(order.state)
    holds = state not in (*_LOST, OrderState.DISPUTED)
    batch.revoked_at = None if holds else batch.revoked_at or clock.now()
    _judge_gift(batch, state)
    return batch


def show_gift_code(order: Order) -> str:
    """Return the code of a gift for its buyer's eyes; "" when there is none (any more)."""
    code = _gift_code(order)
    kept = db.session.scalar(
        select(RedemptionCode.id)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .where(
            CodeBatch.order_id == order.id,
            CodeBatch.revoked_at.is_(None),
            RedemptionCode.code_hash == hash_code(code),
            RedemptionCode.revoked_at.is_(None),
        )
    )
    return show(code) if kept is not None else ""


def use_ref(code_id: int, user_id: int) -> str:
    """Return what an entitlement from a code names as its cause."""
    return f"{code_id}-{user_id}"


def clean_reason(reason: str) -> str:
    """Return a reason that staff gave. Invalid("reason", …) when it is missing or too long."""
    reason = tidy(reason)
    if not reason:
        raise Invalid("reason", "required")
    if len(reason) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    return reason


def _judge_gift(batch: CodeBatch, state: OrderState) -> None:
    """Let what was redeemed by a gift stand and fall with its money (R17, R19)."""
    uses = db.session.execute(
        select(CodeUse.code_id, CodeUse.user_id)
        .join(RedemptionCode, RedemptionCode.id == CodeUse.code_id)
        .where(RedemptionCode.batch_id == batch.id)
    ).all()
    for code_id, user_id in uses:
        row = find_entitlement("code", use_ref(code_id, user_id))
        if row is None:
            continue
        moment = clock.now()
        row.revoked_at = (row.revoked_at or moment) if state in _LOST else None
        disputed = state is OrderState.DISPUTED
        row.suspended_at = (row.suspended_at or moment) if disputed else None
        _settle_again(row)


def _settle_again(row: Entitlement) -> None:
    member = db.session.get_one(
        Membership, row.membership_id, with_for_update=True, populate_existing=True
    )
    settle(member)


def _codes_of(batch: CodeBatch) -> list[str]:
    """Return the codes that follow from a batch's seed, all different."""
    codes: dict[str, None] = {}
    number = 0
    while len(codes) < batch.size:
        codes[derive_code(f"batch:{batch.seed}:{number}", key=house.signing_key)] = None
        number += 1
    return list(codes)


def _gift_code(order: Order) -> str:
    return derive_code(f"gift:{order.public_id}", key=house.signing_key)


def _row(batch: CodeBatch, code: str) -> dict[str, object]:
    return {
        "batch_id": batch.id,
        "code_hash": hash_code(code),
        "tail": code[-4:],
        "uses_left": batch.uses,
    }


def _check(wish: BatchWish, prefix: str) -> None:
    if not tidy(wish.name):
        raise Invalid("name", "required")
    if len(tidy(wish.name)) > NAME_MAX:
        raise Invalid("name", "too_long", high=NAME_MAX)
    if not is_prefix(prefix):
        raise Invalid("prefix", "code_prefix", high=PREFIX_MAX)
    counts = {"size": SIZE_MAX, "uses": USES_MAX}
    counts |= {"months": MONTHS_MAX} if wish.months else {"days": DAYS_MAX}
    for field, high in counts.items():
        if not 1 <= getattr(wish, field) <= high:
            raise Invalid(field, "amount", low=1, high=high)
    if wish.months and wish.days:
        raise Invalid("days", "code_days_or_months")
    if wish.ends_at is not None and wish.ends_at <= clock.now():
        raise Invalid("ends_at", "past")


def _find_plan(planet_id: int, public_id: str) -> int | None:
    if not public_id:
        return None
    found = db.session.scalar(
        select(Plan.id).where(Plan.public_id == public_id, Plan.planet_id == planet_id)
    )
    if found is None:
        raise Invalid("plan", "choice")
    return found


def _lock_batch(actor: Actor, batch_id: str) -> CodeBatch:
    return lock_here(CodeBatch, actor, batch_id, CodeBatch.order_id.is_(None))


def _note(actor: Actor, action: str, batch: CodeBatch, *, reason: str = "", **data: object) -> None:
    record(
        action,
        actor_id=actor.user_id,
        planet_id=batch.planet_id,
        subject=("code_batch", batch.id),
        reason=reason,
        name=batch.name,
        **data,
    )
