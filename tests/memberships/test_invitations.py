"""Invitations: bound to planet, role and address; single use; expiring; on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.accounts.queries import find_viewer_by_id
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound, Refused
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.models import Invitation
from app.memberships.queries import get_invitation, list_open_invitations, site_actor
from app.outbox.models import OutboxEvent
from app.policy import Actor, PlanetRole, Standing
from tests.cast import Cast
from tests.memberships.people import row


def invited(cast: Cast, persona: str = "stranger", **values: object) -> tuple[str, str]:
    """Invite a persona's address as a guest; returns the invitation's public id and its secret."""
    actor = cast.actor("owner")
    offer = Offer(**{"email": f" {persona}@Example.test ", "role": PlanetRole.GUEST, **values})  # type: ignore[arg-type]
    with unit_of_work():
        invitation = actions.invite(actor, offer=offer)
        return invitation.public_id, actions.copy_link(actor, invitation=invitation)


def visitor(cast: Cast, persona: str) -> Actor:
    return site_actor(find_viewer_by_id(cast.users[persona]), may_create=True)


def accept(cast: Cast, persona: str, secret: str, nickname: str = "") -> None:
    actor = visitor(cast, persona)
    with unit_of_work():
        page = get_invitation(secret)
        invitation = db.session.get_one(Invitation, page.row_id)
        actions.accept_invitation(actor, invitation=invitation, nickname=nickname, rules_version=0)


def test_the_invited_person_becomes_a_guest_once(cast: Cast) -> None:
    _, secret = invited(cast)
    accept(cast, "stranger", secret)
    actor = cast.actor("stranger")
    assert (actor.role, actor.standing) == (PlanetRole.GUEST, Standing.ACTIVE)
    assert row(cast, "stranger").takes_questions
    with pytest.raises(NotFound):
        accept(cast, "stranger", secret)


def test_a_link_serves_its_address_alone(cast: Cast) -> None:
    _, secret = invited(cast)
    with pytest.raises(NotFound):
        accept(cast, "left", secret)
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE users SET email_confirmed_at = NULL"))
    with pytest.raises(Refused) as refused:
        accept(cast, "stranger", secret)
    assert refused.value.reason == "confirm_email"


def test_links_expire_after_two_weeks_and_resending_renews_them(cast: Cast, noon: object) -> None:
    public_id, secret = invited(cast)
    owner = cast.actor("owner")
    with clock.fixed(clock.now() + timedelta(days=14)):
        with pytest.raises(NotFound):
            get_invitation(secret)
        with unit_of_work() as session:
            invitation = session.query(Invitation).filter_by(public_id=public_id).one()
            actions.resend_invitation(owner, invitation=invitation)
            fresh = actions.copy_link(owner, invitation=invitation)
        assert get_invitation(fresh).role == "guest"
        with pytest.raises(NotFound):
            get_invitation(secret)
    assert (
        db.session.scalars(sa.select(OutboxEvent.name)).all()
        == ["memberships.invitation_created"] * 2
    )


def test_a_revoked_link_is_worthless(cast: Cast) -> None:
    public_id, secret = invited(cast)
    owner = cast.actor("owner")
    with unit_of_work() as session:
        invitation = session.query(Invitation).filter_by(public_id=public_id).one()
        actions.revoke_invitation(owner, invitation=invitation)
    with pytest.raises(NotFound):
        get_invitation(secret)
    assert list_open_invitations(owner) == []


def test_one_address_has_one_link(cast: Cast) -> None:
    _, first = invited(cast)
    _, second = invited(cast)
    with pytest.raises(NotFound):
        get_invitation(first)
    assert get_invitation(second).planet_name == "轨道"


def test_an_invitation_lowers_nobody_and_readmits_nobody(cast: Cast) -> None:
    _, secret = invited(cast, "admin")
    accept(cast, "admin", secret)
    assert cast.actor("admin").role is PlanetRole.ADMIN
    _, secret = invited(cast, "removed")
    with pytest.raises(Refused) as refused:
        accept(cast, "removed", secret)
    assert refused.value.reason == "removed"
    assert cast.actor("removed").standing is Standing.REMOVED


def test_a_guest_end_date_comes_with_the_invitation(cast: Cast, noon: object) -> None:
    end = clock.now() + timedelta(days=10)
    _, secret = invited(cast, ends_at=end)
    accept(cast, "stranger", secret)
    assert cast.actor("stranger").expires_at == end


@pytest.mark.parametrize(
    ("who", "role", "reason"),
    [
        ("owner", "owner", "higher_role"),
        ("partner", "partner", "higher_role"),
        ("admin", "admin", "higher_role"),
        ("guest", "member", "staff_only"),
        ("member", "member", "staff_only"),
        ("stranger", "member", "join"),
    ],
)
def test_nobody_invites_to_a_role_that_is_not_below_his(
    cast: Cast, who: str, role: str, reason: str
) -> None:
    actor = cast.actor(who)
    with pytest.raises(Refused) as refused, unit_of_work():
        actions.invite(actor, offer=Offer("x@example.test", PlanetRole(role)))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"note": "x" * 501}, "note"),
        ({"role": PlanetRole.ADMIN, "ends_at": "soon"}, "ends_at"),
        ({"ends_at": "past"}, "ends_at"),
    ],
)
def test_bad_invitations_name_the_field(cast: Cast, values: dict[str, object], field: str) -> None:
    times = {"soon": clock.now() + timedelta(days=1), "past": clock.now() - timedelta(days=1)}
    if "ends_at" in values:
        values = {**values, "ends_at": times[str(values["ends_at"])]}
    with pytest.raises(Invalid) as invalid:
        invited(cast, **values)
    assert invalid.value.field == field
