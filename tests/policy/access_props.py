"""What the grid needs of codes and of complimentary access."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.billing.models import CodeBatch, CompOffer, IncomeShare, Order, PlanVersion, Transfer
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement, Membership
from tests.cast import Cast


def access_props(cast: Cast) -> dict[str, str]:
    """Write a batch, an offer to the stranger and somebody's complimentary access."""
    owner, moment = cast.users["owner"], clock.now()
    member = db.session.query(Membership).filter_by(user_id=cast.users["expired"]).one()
    with unit_of_work() as session:
        batch = CodeBatch(
            planet_id=cast.planet_id,
            environment="demo",
            name="八月活动",
            days=30,
            size=3,
            created_at=moment,
            created_by=owner,
        )
        offer = CompOffer(
            planet_id=cast.planet_id,
            email=session.get_one(User, cast.users["stranger"]).email,
            days=30,
            reason="义工",
            created_at=moment,
            created_by=owner,
        )
        comp = Entitlement(
            membership_id=member.id,
            source="comp",
            source_ref="a-form-of-the-grid",
            days=1,
            revoked_at=moment,
            starts_at=moment,
            since_at=moment,
            until_at=moment,
            created_at=moment,
        )
        share = IncomeShare(
            planet_id=cast.planet_id,
            user_id=cast.users["guest"],
            percent=10,
            created_at=moment,
            created_by=owner,
        )
        session.add_all([batch, offer, comp, share])
        session.flush()
        return {
            "batch": batch.public_id,
            "offer": offer.public_id,
            "comp": comp.source_ref,
            "share": share.public_id,
            "transfer": _transfer(cast, session),
        }


def _transfer(cast: Cast, session: Session) -> str:
    """Write the stranger's order of the plan on sale, to be paid by transfer."""
    version = session.query(PlanVersion).first()
    assert version is not None
    order = Order(
        planet_id=cast.planet_id,
        user_id=cast.users["stranger"],
        plan_id=version.plan_id,
        plan_version_id=version.id,
        gateway="transfer",
        environment="demo",
        title="年卡",
        amount=100,
        list_amount=100,
        currency="CNY",
        provider_ref="transfer_of_the_grid",
        created_at=clock.now(),
    )
    session.add(order)
    session.flush()
    session.add(
        Transfer(
            ref="transfer_of_the_grid",
            order_ref=order.public_id,
            amount=100,
            currency="CNY",
            created_at=clock.now(),
        )
    )
    return order.public_id
