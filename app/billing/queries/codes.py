"""Reading batches of codes, for staff. No code stands here: only hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from app.accounts.models import User
from app.billing.codebook import is_repeatable
from app.billing.models import CodeBatch, CodeUse, Plan, PlanVersion, RedemptionCode
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

LISTED = 200


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as staff see it. `used` and `left` count uses; `left` of one not downloaded is all.
    `repeatable`: who looks may download its codes once more."""

    public_id: str
    name: str
    prefix: str
    months: int
    days: int
    uses: int
    size: int
    ends_at: datetime | None
    created_at: datetime
    downloaded_at: datetime | None
    revoked_at: datetime | None
    maker: str
    plan: str
    gift: bool
    used: int
    left: int
    repeatable: bool = False

    def state(self, now: datetime) -> str:
        """Return fresh (not downloaded), open, spent, ended or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        if self.ends_at is not None and self.ends_at <= now:
            return "ended"
        if self.downloaded_at is None:
            return "fresh"
        return "open" if self.left else "spent"


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A plan whose seats codes can take."""

    public_id: str
    name: str


def list_batches(actor: Actor) -> list[BatchView]:
    """Return the planet's newest batches, gifts among them."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    usable = case((RedemptionCode.revoked_at.is_(None), RedemptionCode.uses_left), else_=0)
    batch_left = (
        select(func.coalesce(func.sum(usable), 0))
        .where(RedemptionCode.batch_id == CodeBatch.id)
        .scalar_subquery()
    )
    used = (
        select(func.count())
        .select_from(CodeUse)
        .join(RedemptionCode, RedemptionCode.id == CodeUse.code_id)
        .where(RedemptionCode.batch_id == CodeBatch.id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(CodeBatch, User.name, PlanVersion.name, used, batch_left)
        .join(User, User.id == CodeBatch.created_by)
        .outerjoin(Plan, Plan.id == CodeBatch.plan_id)
        .outerjoin(
            PlanVersion, (PlanVersion.plan_id == Plan.id) & (PlanVersion.version == Plan.version)
        )
        .where(CodeBatch.planet_id == planet_of(actor))
        .order_by(CodeBatch.id.desc())
        .limit(LISTED)
    )
    return [_view(actor, *row) for row in rows]


def list_plan_choices(actor: Actor) -> list[PlanChoice]:
    """Return the plans of the planet that are not retired."""
    rows = db.session.execute(
        select(Plan.public_id, PlanVersion.name)
        .join(PlanVersion, (PlanVersion.plan_id == Plan.id) & (PlanVersion.version == Plan.version))
        .where(Plan.planet_id == planet_of(actor), Plan.state != "retired")
        .order_by(Plan.position, Plan.id)
    )
    return [PlanChoice(*row) for row in rows]


def find_gift_use(order_id: int) -> datetime | None:
    """Return when somebody became a member by the gift of an order; None while nobody did."""
    return db.session.scalar(
        select(func.max(CodeUse.used_at))
        .join(RedemptionCode, RedemptionCode.id == CodeUse.code_id)
        .join(CodeBatch, CodeBatch.id == RedemptionCode.batch_id)
        .where(CodeBatch.order_id == order_id)
    )


def _view(
    actor: Actor, batch: CodeBatch, maker: str, plan: str | None, used: int, left: int
) -> BatchView:
    whole = batch.size * batch.uses if batch.downloaded_at is None else int(left)
    return BatchView(
        public_id=batch.public_id,
        name=batch.name,
        prefix=batch.prefix,
        months=batch.months,
        days=batch.days,
        uses=batch.uses,
        size=batch.size,
        ends_at=batch.ends_at,
        created_at=batch.created_at,
        downloaded_at=batch.downloaded_at,
        revoked_at=batch.revoked_at,
        maker=maker,
        plan=plan or "",
        gift=batch.order_id is not None,
        used=int(used),
        left=whole,
        repeatable=batch.created_by == actor.user_id
        and batch.revoked_at is None
        and is_repeatable(batch.downloaded_at, batch.seed, actor.now),
    )
