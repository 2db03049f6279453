"""An invitation stands on its inviter's rights: it falls when he loses them."""

from __future__ import annotations

from sqlalchemy import update

from app.kernel import clock
from app.kernel.db import db
from app.memberships.models import Invitation
from app.policy import PlanetRole

STAFF = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN)
_DOWNWARDS = tuple(PlanetRole)


def roles_below(role: PlanetRole) -> tuple[PlanetRole, ...]:
    """Return the roles somebody of `role` may give or invite to: all below his own, if staff."""
    return _DOWNWARDS[_DOWNWARDS.index(role) + 1 :] if role in STAFF else ()


def revoke_unbacked(planet_id: int, user_id: int, *, role: PlanetRole | None) -> int:
    """Revoke somebody's open invitations that his present `role` (None: outside) does not carry.

    Returns how many. Called whenever a role is lowered or access ends.
    """
    allowed = [r.value for r in roles_below(role)] if role else []
    revoked = db.session.execute(
        update(Invitation)
        .where(
            Invitation.planet_id == planet_id,
            Invitation.created_by == user_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.role.not_in(allowed),
        )
        .values(revoked_at=clock.now())
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    return len(revoked.all())
