"""What the grid needs of codes and of complimentary access."""

from __future__ import annotations

from app.accounts.models import User
from app.billing.models import CodeBatch, CompOffer
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
        session.add_all([batch, offer, comp])
        session.flush()
        return {"batch": batch.public_id, "offer": offer.public_id, "comp": comp.source_ref}
