"""Roles, ends, ownership, discipline: who may do what to whom, and that it bites at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, Refused
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.models import Entitlement, Invitation, Membership
from app.policy import Action, PlanetRole, Standing, can
from tests.cast import Cast
from tests.memberships.people import row


def trail() -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("who", "whom", "role", "reason"),
    [
        ("owner", "member", "partner", None),
        ("owner", "partner", "member", None),
        ("owner", "member", "owner", "higher_role"),
        ("partner", "member", "admin", None),
        ("partner", "member", "partner", "higher_role"),
        ("partner", "owner", "member", "higher_role"),
        ("owner", "owner", "member", "not_yours"),
        ("admin", "member", "guest", "partners_only"),
        ("member", "other", "guest", "partners_only"),
    ],
)
def test_roles_are_given_downwards(
    cast: Cast, who: str, whom: str, role: str, reason: str | None
) -> None:
    actor = cast.actor(who)
    if reason is None:
        with unit_of_work():
            actions.set_role(actor, member=row(cast, whom), role=PlanetRole(role))
        assert cast.actor(whom).role == role
        assert trail() == ["member.role"]
        return
    with pytest.raises(Refused) as refused, unit_of_work():
        actions.set_role(actor, member=row(cast, whom), role=PlanetRole(role))
    assert refused.value.reason == reason
    assert trail() == []


def test_an_expiring_member_made_admin_never_expires_and_back_ends_as_paid(cast: Cast) -> None:
    owner = cast.actor("owner")
    paid_until = clock.now() + timedelta(days=300)
    with unit_of_work() as session:
        member = row(cast, "member")
        session.add(paid(member, paid_until))
        actions.set_role(owner, member=member, role=PlanetRole.ADMIN)
    assert row(cast, "member").expires_at is None
    with unit_of_work():
        actions.set_role(owner, member=row(cast, "member"), role=PlanetRole.MEMBER)
    assert row(cast, "member").expires_at == paid_until


def paid(member: Membership, until: datetime) -> Entitlement:
    return Entitlement(
        membership_id=member.id,
        source="order",
        source_ref="o-1",
        starts_at=clock.now(),
        ends_at=until,
        created_at=clock.now(),
        since_at=clock.now(),
    )


def test_a_guest_with_an_end_date_is_out_afterwards(cast: Cast, noon: object) -> None:
    owner = cast.actor("owner")
    with unit_of_work():
        actions.set_end(owner, member=row(cast, "guest"), ends_at=clock.now() + timedelta(days=3))
    assert cast.actor("guest").standing is Standing.ACTIVE
    with clock.fixed(clock.now() + timedelta(days=3)):
        assert cast.actor("guest").standing is Standing.EXPIRED
    with pytest.raises(Invalid), unit_of_work():
        actions.set_end(owner, member=row(cast, "guest"), ends_at=clock.now())
    with pytest.raises(Invalid), unit_of_work():
        actions.set_end(owner, member=row(cast, "admin"), ends_at=clock.now() + timedelta(days=1))


def test_handing_over_makes_the_owner_a_partner(cast: Cast) -> None:
    owner = cast.actor("owner")
    with pytest.raises(Invalid) as invalid, unit_of_work():
        actions.hand_over(
            owner, member=row(cast, "partner"), confirmation="wrong", expected=cast.slug
        )
    assert invalid.value.code == "mismatch"
    with unit_of_work():
        actions.hand_over(
            owner, member=row(cast, "member"), confirmation=" orbit ", expected=cast.slug
        )
    assert cast.actor("owner").role is PlanetRole.PARTNER
    assert cast.actor("member").role is PlanetRole.OWNER
    assert row(cast, "member").expires_at is None
    with pytest.raises(Conflict), unit_of_work():
        actions.hand_over(
            owner, member=row(cast, "other"), confirmation=cast.slug, expected=cast.slug
        )
    former = cast.actor("owner")
    with unit_of_work():
        actions.leave(former)


@pytest.mark.parametrize("heir", ["owner", "expired", "left", "removed", "pending", "isolated"])
def test_a_planet_goes_to_nobody_who_cannot_keep_it(cast: Cast, heir: str) -> None:
    owner = cast.actor("owner")
    with pytest.raises(Invalid), unit_of_work():
        actions.hand_over(owner, member=row(cast, heir), confirmation=cast.slug, expected=cast.slug)


def test_removal_and_demotion_bite_on_the_next_request(cast: Cast) -> None:
    owner = cast.actor("owner")
    assert can(cast.actor("admin"), Action.MEMBER_INVITE)
    with unit_of_work():
        actions.set_role(owner, member=row(cast, "admin"), role=PlanetRole.MEMBER)
    assert not can(cast.actor("admin"), Action.MEMBER_INVITE)
    with unit_of_work():
        actions.remove(owner, member=row(cast, "member"), reason="spam")
    assert cast.actor("member").standing is Standing.REMOVED
    assert not can(cast.actor("member"), Action.PLANET_READ)
    assert trail() == ["member.role", "member.remove"]


def test_readmitted_staff_come_back_as_members(cast: Cast) -> None:
    owner = cast.actor("owner")
    with unit_of_work():
        actions.remove(owner, member=row(cast, "admin"), reason="spam")
    with unit_of_work():
        actions.readmit(owner, member=row(cast, "admin"))
    assert cast.actor("admin").role is PlanetRole.MEMBER
    assert row(cast, "admin").removed_reason == ""


def test_a_removal_needs_a_reason_and_a_lower_role(cast: Cast) -> None:
    admin = cast.actor("admin")
    with pytest.raises(Invalid), unit_of_work():
        actions.remove(admin, member=row(cast, "member"), reason="  ")
    for whom in ("owner", "partner"):
        with pytest.raises(Refused), unit_of_work():
            actions.remove(admin, member=row(cast, whom), reason="coup")


def test_mute_and_isolate_and_back(cast: Cast, noon: object) -> None:
    admin = cast.actor("admin")
    until = clock.now() + timedelta(days=1)
    with unit_of_work():
        actions.mute(admin, member=row(cast, "member"), until=until, reason="heat")
    assert cast.actor("member").muted
    with clock.fixed(until):
        assert not cast.actor("member").muted
    with unit_of_work():
        actions.unmute(admin, member=row(cast, "member"))
        actions.isolate(admin, member=row(cast, "member"), reason="troll")
    assert cast.actor("member").isolated
    with unit_of_work():
        actions.release(admin, member=row(cast, "member"))
    assert not cast.actor("member").isolated
    assert trail() == ["member.mute", "member.unmute", "member.isolate", "member.release"]
    with pytest.raises(Invalid), unit_of_work():
        actions.mute(admin, member=row(cast, "member"), until=clock.now(), reason="")


@pytest.mark.parametrize("end", ["demoted", "removed", "left"])
def test_invitations_fall_with_their_inviter(cast: Cast, end: str) -> None:
    owner, partner = cast.actor("owner"), cast.actor("partner")
    with unit_of_work():
        for role in (PlanetRole.ADMIN, PlanetRole.MEMBER):
            offer = Offer(f"{role}@example.test", role)
            actions.invite(partner, offer=offer)
    with unit_of_work():
        if end == "demoted":
            actions.set_role(owner, member=row(cast, "partner"), role=PlanetRole.ADMIN)
        elif end == "removed":
            actions.remove(owner, member=row(cast, "partner"), reason="gone")
        else:
            actions.leave(partner)
    open_roles = db.session.scalars(
        sa.select(Invitation.role).where(Invitation.revoked_at.is_(None))
    ).all()
    assert open_roles == (["member"] if end == "demoted" else [])
